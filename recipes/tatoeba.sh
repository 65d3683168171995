# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# Translation of everyday sentences, $src to $tgt (Tatoeba): 26,554 pairs. $words are BLEU's, as --tokenize has them.
# Sourced by tatoeba-*.sh.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
steps=${STEPS:-2500}
data=$DATA/tatoeba-en-zh
need "$data"/{train,valid,test}.{en,zh}.gz
machine
for lang in en zh; do
  [ -e "$out/$lang.model" ] || dragoman vocab --input "$data/train.$lang.gz" --size 4000 --output "$out/$lang.model"
done
train --train-src "$data/train.$src.gz" --train-tgt "$data/train.$tgt.gz" \
  --valid-src "$data/valid.$src.gz" --valid-tgt "$data/valid.$tgt.gz" --valid-tokenize "$words" \
  --src-vocab "$out/$src.model" --tgt-vocab "$out/$tgt.model" --tying decoder \
  --preset tiny --d-model 192 --d-ff 512 --dropout 0.3 --ffn-dropout 0.1 --learning-rate 0.003 --warmup "$(early 500)" \
  --label-smoothing 0.1 --overlong drop --batch-tokens 4096 --ema-decay 0.999 --metric bleu --valid-every 500 --save-every 500
text "$data/test.$src" > "$out/test.$src"
text "$data/test.$tgt" > "$out/test.$tgt"
translate "$out/test.$src" "$out/test.hyp"
samples "$out/test.$src" "$out/test.$tgt" "$out/test.hyp" --metric chrf
echo "test:"
measure "" "$out/test.$tgt" "$out/test.hyp" --metric bleu,chrf --tokenize "$words"
rounding test "$out/test.$src" "$out/test.$tgt" --metric chrf
finish BLEU bleu
