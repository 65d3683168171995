#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Question answering: the 20 bAbI tasks (English, 10k) in one model. The source is the question, then the story with
# its newest sentence first, so that what is cut from an over-long story is the oldest; the target is the answer.
#   DATA=dir recipes/babi.sh        STEPS=24000 THREADS=2 PRECISION=bf16 SEED=1 OUT=runs/babi
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
steps=${STEPS:-24000}
data=$DATA/babi
need "$data/en-10k/qa1_single-supporting-fact_train.txt.gz" "$data/en/qa3_three-supporting-facts_train.txt.gz"
machine

# questions FILE: one line a question: story number TAB source TAB answer.
questions() {
  gzip -dc "$1" | tr -d '\r' | awk '
    { id = $1; sub(/^[0-9]+ /, "") }
    id == 1 { story = ""; ++number }
    /\t/ { split($0, part, "\t"); sub(/ +$/, "", part[1]); print number "\t" part[1] story "\t" part[2]; next }
    { story = " " $0 story }'
}

# split TASK: its training questions, every tenth story held out for validation (there is no official set), its test.
if [ ! -e "$out/done" ]; then
  rm -f "$out"/{train,valid,test}.* && mkdir -p "$out/tasks"
  for task in $(seq 20); do
    train_file=$(ls "$data"/en-10k/qa"$task"_*_train.txt.gz 2> /dev/null || ls "$data"/en/qa"$task"_*_train.txt.gz)  # task 3: 1k only
    questions "$train_file" | awk -F '\t' -v out="$out" '{ file = out ($1 % 10 == 0 ? "/valid" : "/train")
                                                     print $2 > (file ".src.all"); print $3 > (file ".tgt.all") }'
    for side in src tgt; do
      for part in train valid; do cat "$out/$part.$side.all" >> "$out/$part.$side"; done
    done
    questions "$data"/en-10k/qa"$task"_*_test.txt.gz | cut -f 2 > "$out/tasks/$task.src"
    questions "$data"/en-10k/qa"$task"_*_test.txt.gz | cut -f 3 > "$out/tasks/$task.tgt"
  done
  rm -f "$out"/*.all
  # Of the held-out questions every twentieth, so that validation takes seconds.
  for side in src tgt; do awk 'NR % 20 == 0' "$out/valid.$side" > "$out/valid.few.$side"; done
  touch "$out/done"
fi
[ -e "$out/vocab.model" ] ||
  dragoman vocab --input "$out"/train.{src,tgt} --type bpe --size 400 --output "$out/vocab.model"
train --train-src "$out/train.src" --train-tgt "$out/train.tgt" \
  --valid-src "$out/valid.few.src" --valid-tgt "$out/valid.few.tgt" --vocab "$out/vocab.model" \
  --preset tiny --decoder-layers 2 --norm-order pre --final-norm --dropout 0 --learning-rate 0.001 \
  --warmup "$(early 1000)" --label-smoothing 0 \
  --max-src-len 512 --max-tgt-len 16 --batch-tokens 1024 --clip-norm 1 --ema-decay 0.999 --metric loss \
  --valid-every 2000 --save-every 500

echo "test error per task, in %:"
failed=0 sum=0
for task in $(seq 20); do
  dragoman translate --model "$out/run/best" --threads "$threads" < "$out/tasks/$task.src" > "$out/tasks/$task.hyp"
  exact=$(dragoman eval --metric exact --quiet --ref "$out/tasks/$task.tgt" < "$out/tasks/$task.hyp")
  error=$(awk -v exact="$exact" 'BEGIN { printf "%.1f", 100 - exact }')
  echo "  task $task: $error"
  sum=$(awk -v a="$sum" -v b="$error" 'BEGIN { print a + b }')
  failed=$((failed + $(awk -v e="$error" 'BEGIN { print (e > 5) }')))
done
awk -v sum="$sum" -v failed="$failed" 'BEGIN { printf "mean error %.1f, tasks failed (above 5 %%): %d of 20\n", sum / 20, failed }'
