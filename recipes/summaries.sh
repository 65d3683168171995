# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# A model that sums texts up in a line and may copy their words: of $data, of sources up to $max_src_len tokens, with
# $dropout. It learns from the texts alone for $pretraining updates, of each text $copies sentences, then from the pairs for
# $steps. Sourced by the recipes for summarization, after common.sh; those go on with their anchors and `finish`. ROUGE is
# that of stems (--stem), as what it is compared with has it.
need "$data"/{train,valid,test}.{src,tgt}.gz
machine
[ -e "$out/vocab.model" ] ||
  dragoman vocab --input "$data"/train.{src,tgt}.gz --size 8000 --symbols '<mask>' --output "$out/vocab.model"
# Validation writes summaries; the first 500 pairs are enough to see where it goes.
text "$data/valid.src" | awk 'NR <= 500' > "$out/valid.src"
text "$data/valid.tgt" | awk 'NR <= 500' > "$out/valid.tgt"
learning=(--dropout "$dropout" --learning-rate 0.003 --clip-norm 1 --batch-tokens 2048 --ema-decay 0.999 --save-every 500)
# First a sentence of the text itself from all the others, which teaches to read and to copy.
pretrain --denoise gap --denoise-copies "$copies" --train-src "$data/train.src.gz" --valid-src "$out/valid.src" --vocab "$out/vocab.model" \
  --copy --preset tiny --d-model 192 --d-ff 512 --norm-order pre --final-norm --relative-buckets 32 \
  --max-src-len "$max_src_len" --warmup "$((pretraining / 3))" "${learning[@]}"
train --init-from "$out/pretraining/last" --train-src "$data/train.src.gz" --train-tgt "$data/train.tgt.gz" \
  --valid-src "$out/valid.src" --valid-tgt "$out/valid.tgt" --metric rougeL --valid-every 1000 \
  --max-src-len "$max_src_len" --warmup "$(early 500)" "${learning[@]}"
text "$data/test.src" > "$out/test.src"
text "$data/test.tgt" > "$out/test.tgt"
translate "$out/test.src" "$out/test.hyp" --beam-size 8 --length-penalty 2 --no-repeat-ngram 2 \
  --max-length 60  # by validation, but for the limit, which only what goes round in circles meets
samples "$out/test.src" "$out/test.tgt" "$out/test.hyp" --metric rouge --stem
echo "test:"
measure "" "$out/test.tgt" "$out/test.hyp" --metric rouge --stem

# first_words COUNT: the score of a source's first words in place of a summary: the least that one is worth.
first_words() {
  cut -d ' ' -f "1-$1" "$out/test.src" > "$out/test.first-$1"
  baseline "" "first $1 words" "$out/test.tgt" "$out/test.first-$1" --metric rouge --stem
}

# first_sentence: of its first sentence.
first_sentence() {
  sed 's/\([.!?]\) .*/\1/' "$out/test.src" > "$out/test.first-sentence"
  baseline "" "first sentence" "$out/test.tgt" "$out/test.first-sentence" --metric rouge --stem
}
