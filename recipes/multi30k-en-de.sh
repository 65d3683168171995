#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Translation of image captions, English to German (Multi30k task 1), with a tiny model: 29,000 pairs.
#   DATA=dir recipes/multi30k-en-de.sh        STEPS=4250 THREADS=2 PRECISION=bf16 SEED=1 OUT=runs/multi30k-en-de
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
steps=${STEPS:-4250}
data=$DATA/multi30k
need "$data"/{train,val,test_2016_flickr}.{en,de}.gz
machine
[ -e "$out/vocab.model" ] ||
  dragoman vocab --input "$data"/train.{en,de}.gz --size 8000 --output "$out/vocab.model"
train --train-src "$data/train.en.gz" --train-tgt "$data/train.de.gz" \
  --valid-src "$data/val.en.gz" --valid-tgt "$data/val.de.gz" --vocab "$out/vocab.model" \
  --preset tiny --dropout 0.3 --ffn-dropout 0.1 --learning-rate 0.005 --warmup "$(early 2000)" --label-smoothing 0.1 \
  --overlong drop --batch-tokens 4096 --ema-decay 0.999 --metric bleu --valid-every 500 --save-every 500 --keep-best 1
text "$data/test_2016_flickr.en" > "$out/test.en"
text "$data/test_2016_flickr.de" > "$out/test.de"
dragoman translate --model "$out/run/best" --threads "$threads" < "$out/test.en" > "$out/test.hyp"
sample "$out/test.en" "$out/test.de" "$out/test.hyp"
echo "test_2016_flickr:"
dragoman eval --metric bleu --metric chrf --ref "$out/test.de" < "$out/test.hyp"
