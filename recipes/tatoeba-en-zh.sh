#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Translation of everyday sentences, English to Chinese (Tatoeba): 26,554 pairs.
#   DATA=dir recipes/tatoeba-en-zh.sh        STEPS=2500 THREADS=2 PRECISION=bf16 SEED=1 OUT=runs/tatoeba-en-zh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
steps=${STEPS:-2500}
data=$DATA/tatoeba-en-zh
need "$data"/{train,valid,test}.{en,zh}.gz
machine
for lang in en zh; do
  [ -e "$out/$lang.model" ] || dragoman vocab --input "$data/train.$lang.gz" --size 4000 --output "$out/$lang.model"
done
train --train-src "$data/train.en.gz" --train-tgt "$data/train.zh.gz" \
  --valid-src "$data/valid.en.gz" --valid-tgt "$data/valid.zh.gz" --valid-tokenize zh \
  --src-vocab "$out/en.model" --tgt-vocab "$out/zh.model" --tying decoder \
  --preset tiny --d-model 192 --d-ff 512 --dropout 0.3 --ffn-dropout 0.1 --learning-rate 0.003 --warmup "$(early 500)" \
  --label-smoothing 0.1 --overlong drop --batch-tokens 4096 --ema-decay 0.999 --metric bleu --valid-every 500 --save-every 500
text "$data/test.en" > "$out/test.en"
text "$data/test.zh" > "$out/test.zh"
dragoman translate --model "$out/run/best" --threads "$threads" < "$out/test.en" > "$out/test.hyp"
sample "$out/test.en" "$out/test.zh" "$out/test.hyp"
echo "test:"
dragoman eval --metric bleu --tokenize zh --ref "$out/test.zh" < "$out/test.hyp"
dragoman eval --metric chrf --ref "$out/test.zh" < "$out/test.hyp"
