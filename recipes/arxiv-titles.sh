#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Summarization: the abstract of a computer-science paper to its title; 38,970 pairs.
#   DATA=dir recipes/arxiv-titles.sh        STEPS=3000 THREADS=2 PRECISION=bf16 SEED=1 OUT=runs/arxiv-titles
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
steps=${STEPS:-3000}
data=$DATA/summarization/arxiv-cs-titles
need "$data"/{train,valid,test}.{src,tgt}.gz
machine
[ -e "$out/vocab.model" ] ||
  dragoman vocab --input "$data"/train.{src,tgt}.gz --size 8000 --output "$out/vocab.model"
# Validation translates; the first 500 pairs are enough to see where it goes.
text "$data/valid.src" | awk 'NR <= 500' > "$out/valid.src"
text "$data/valid.tgt" | awk 'NR <= 500' > "$out/valid.tgt"
train --train-src "$data/train.src.gz" --train-tgt "$data/train.tgt.gz" \
  --valid-src "$out/valid.src" --valid-tgt "$out/valid.tgt" --vocab "$out/vocab.model" \
  --preset tiny --d-model 192 --d-ff 512 --norm-order pre --final-norm --dropout 0.2 --learning-rate 0.002 \
  --warmup "$(early 800)" --clip-norm 1 --max-src-len 200 --batch-tokens 2048 --ema-decay 0.999 --metric loss \
  --valid-every 1000 --save-every 500
text "$data/test.src" > "$out/test.src"
text "$data/test.tgt" > "$out/test.tgt"
dragoman translate --model "$out/run/best" --threads "$threads" < "$out/test.src" > "$out/test.hyp"
sample "$out/test.src" "$out/test.tgt" "$out/test.hyp"
echo "test:"
dragoman eval --metric rouge --ref "$out/test.tgt" < "$out/test.hyp"
# The baseline to beat: as many of the abstract's first words as a title has on average.
words=$(text "$data/train.tgt" | awk '{ words += NF } END { printf "%d", words / NR + 0.5 }')
echo "baseline, the abstract's first $words words:"
cut -d ' ' -f "1-$words" "$out/test.src" | dragoman eval --metric rouge --ref "$out/test.tgt"
