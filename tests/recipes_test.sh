#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tests of what the recipes share, of recipes/all and recipes/results, on made-up runs: nothing is trained.
#   tests/recipes_test.sh DRAGOMAN
set -u -o pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
recipes=$root/recipes
DRAGOMAN=$(realpath "$1") || exit 1
export DRAGOMAN
unset SEED STEPS OUT SEEDS THREADS PRECISION
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
source "$root/scripts/expect.sh"

# has NAME FILE LINE: LINE is a line of FILE.
has() { expect "$1" 0 '' grep -x -F -e "$3" "$2"; }

# log BLEU FOLDER: the log of a training of 90 seconds that was resumed.
log() {
  mkdir -p "$2"
  cat >"$2/train.jsonl" <<LOG
{"event":"train","step":10,"nll":4.5,"seconds":30.0}
{"event":"end","step":10,"reason":"signal","seconds":31.0}
{"event":"train","step":20,"nll":3.5,"seconds":80.0}
{"event":"valid","step":20,"nll":3.6,"bleu":$1,"rougeL":$1,"best":true,"seconds":90.0}
LOG
}

# record NAME SEED BLEU MINUTES: a record with a run beside it.
record() {
  local folder=$work/runs/$1/seed-$2
  log "$3" "$folder/run"
  cat >"$folder/record.json" <<RECORD
{
  "format": "dragoman-recipe-1",
  "recipe": "$1",
  "seed": $2,
  "figures": [
    {"name": "BLEU", "value": $3, "signature": "nrefs:1|case:lc"},
    {"name": "tasks <failed>|all", "value": $2}
  ],
  "anchors": [
    {"figure": "BLEU", "name": "a \"quoted\" \\\\ name", "value": 41.00},
    {"figure": "BLEU", "name": "first words", "value": 3.5},
    {"figure": "tasks <failed>|all", "name": "other", "value": 12}
  ],
  "curve": {"figure": "BLEU", "score": "bleu"},
  "minutes": $4,
  "updates": 4250,
  "parameters": 2349056,
  "threads": 2,
  "precision": "bf16",
  "machine": "a processor, 2 cores",
  "version": "dragoman 0.1.0",
  "commit": "abc123",
  "date": "2026-01-31"
}
RECORD
}

page() {
  rm -rf "$work/docs"
  mkdir -p "$work/docs"
  cat >"$work/docs/results.md" <<'PAGE'
# Results
before
<!-- recipes/results: begin -->
old
<!-- recipes/results: end -->
after
PAGE
}
results() { "$recipes/results" "$work/runs" "$work/docs"; }

# The writer of tables.
page
record xx-one 1 39.01 52.4
record yy-two 1 20.50 10.0
record yy-two 2 20.00 12.0
record yy-two 3 21.25 11.0
expect "tables are written" 0 '^results: 2 recipes into ' results
md=$work/docs/results.md
has "a recipe by itself" "$md" '| `xx-one.sh` | BLEU | 39.01 | a "quoted" \ name 41.00; first words 3.5 | 52 | abc123 |'
has "its second figure" "$md" '|  | tasks &lt;failed&gt;\|all | 1 | other 12 |  |  |'
has "the median of seeds with the range" "$md" \
  '| `yy-two.sh` | BLEU | 20.50 (20.00 to 21.25) | a "quoted" \ name 41.00; first words 3.5 | 11 | abc123 |'
has "the median of whole numbers" "$md" '|  | tasks &lt;failed&gt;\|all | 2 (1 to 3) | other 12 |  |  |'
has "how it was trained" "$md" \
  '**yy-two**, seeds 1, 2, 3: 4,250 updates, 2,349,056 parameters, 2 threads, bf16; a processor, 2 cores; dragoman 0.1.0, 2026-01-31.'
has "a signature" "$md" 'BLEU: `nrefs:1|case:lc`.'
has "a picture" "$md" '![Loss and score of yy-two over minutes of training](results/yy-two.svg)'
expect "the picture has the anchors as lines" 0 '>a &quot;quoted&quot; \\ name 41.00<' cat "$work/docs/results/xx-one.svg"
expect "but not those of other figures" 1 '' grep -q 'other 12' "$work/docs/results/xx-one.svg"
expect "the picture has all seeds" 0 '>seed-3<' cat "$work/docs/results/yy-two.svg"
expect "what was between the markers is gone" 1 '' grep -x old "$md"
expect "what stands around them stays" 0 '^before after$' bash -c "sed -n '2p;\$p' '$md' | paste -sd ' '"
cp "$md" "$work/first"
results >"$work/out" 2>&1
expect "once more gives the same" 0 '' cmp "$md" "$work/first"
expect "a record is kept" 0 '' cmp "$work/runs/yy-two/seed-2/record.json" "$work/docs/results/yy-two.seed-2.json"
cp "$work/docs/results/yy-two.svg" "$work/picture"
mv "$work/runs/yy-two" "$work/away"
expect "what has no run any more" 0 '^results: 2 recipes into ' results
expect "stays in the tables" 0 '' cmp "$md" "$work/first"
expect "with its picture" 0 '' cmp "$work/docs/results/yy-two.svg" "$work/picture"
mv "$work/away" "$work/runs/yy-two"
record xx-one 1 40.02 52.4
results >"$work/out" 2>&1
has "another run takes the place of what was kept" "$md" \
  '| `xx-one.sh` | BLEU | 40.02 | a "quoted" \ name 41.00; first words 3.5 | 52 | abc123 |'
record xx-one 1 39.01 52.4

# odd NAME PATTERN SED: the record of xx-one changed so is refused with a message, and nothing is written.
odd() {
  page
  record xx-one 1 39.01 52.4
  sed -i "$3" "$work/runs/xx-one/seed-1/record.json"
  expect "$1" 1 "$2" results
  has "$1: the page stays" "$md" old
  expect "$1: it is not kept" 2 '' ls "$work/docs/results/xx-one.seed-1.json"
  record xx-one 1 39.01 52.4
}
at='xx-one/seed-1/record.json'
odd "a score that is no number" "$at:6: the value of BLEU is no number, expected 0 to 1000" 's/"value": 39.01/"value": nan/'
odd "a score between quotes" "$at:6: the value of BLEU is no number" 's/"value": 39.01/"value": "39.01"/'
odd "a score that is negative" "$at:6: the value of BLEU is no number" 's/"value": 39.01/"value": -3/'
odd "a score out of range" "$at:6: the value of BLEU is 1001, expected 0 to 1000" 's/"value": 39.01/"value": 1001/'
odd "a number with an exponent" "$at:6: the value of BLEU is no number" 's/"value": 39.01/"value": 1e9/'
odd "a number without an end" "$at:6: the value of BLEU is no number" 's/"value": 39.01/"value": 1.00000000000000000000000/'
odd "a figure twice" "$at:7: the figure BLEU is there twice" 's/tasks <failed>|all", "value": 1/BLEU", "value": 1/'
odd "updates that are none" "$at:16: updates is 0, expected 1 to" 's/4250/0/'
odd "half an update" "$at:16: updates is 4.5, expected a whole number" 's/4250/4.5/'
odd "no minutes" "$at:15: found .*, expected \"minutes\"" '/minutes/d'
odd "another recipe's" "$at:3: the recipe is zz, expected xx-one" 's/"recipe": "xx-one"/"recipe": "zz"/'
odd "another seed's" "$at:4: the seed is 2, expected 1" 's/"seed": 1/"seed": 2/'
odd "another format" "$at:2: the format is another" 's/recipe-1/recipe-2/'
odd "a date that is none" "$at:23: the date is soon" 's/2026-01-31/soon/'
odd "a record cut short" "$at:.*: the record ends too soon" '20,$d'
odd "more after the end" "$at:25: found \\{, expected the end" '$a{'
odd "a picture of a figure that is not there" "$at:14: the curve's figure WER is not among" 's/"curve": {"figure": "BLEU"/"curve": {"figure": "WER"/'
odd "a picture of no score" '--score is "loss"' 's/"score": "bleu"/"score": "loss"/'
odd "control characters" "$at:20: machine is empty or holds control characters" 's/a processor/a\tprocessor/'

record yy-two 2 20.00 12.0 && sed -i 's/4250/20/' "$work/runs/yy-two/seed-2/record.json"
expect "seeds of different length are refused" 1 'yy-two: seed 1 has made 4250 updates, seed 2 20' results
record yy-two 2 20.00 12.0 && sed -i 's/case:lc/case:mixed/' "$work/runs/yy-two/seed-2/record.json"
expect "seeds measured differently are refused" 1 'yy-two, seed 2: the signature of BLEU is nrefs:1.case:mixed' results
record yy-two 2 20.00 12.0 && sed -i 's/tasks <failed>|all", "value": 2/else", "value": 2/' "$work/runs/yy-two/seed-2/record.json"
expect "seeds with other figures are refused" 1 'yy-two, seed 2: has no figure tasks' results
record yy-two 2 20.00 12.0
printf 'no markers\n' >"$md"
expect "a page without markers is refused" 1 'results.md has no line "<!-- recipes/results: begin -->"' results
page
expect "without a record nothing is written" 1 'no record in .*; make some with recipes/all' "$recipes/results" "$work/none" "$work/docs"

# The end of a recipe. Of a model only info is asked.
cat >"$work/program" <<PROGRAM
#!/usr/bin/env bash
if [ "\$1" = info ]; then printf '{\n  "parameters": {\n    "total": 123456789,\n    "decoder": 3\n'; else exec "$DRAGOMAN" "\$@"; fi
PROGRAM
chmod +x "$work/program"
cat >"$work/toy.sh" <<TOY
source "$recipes/common.sh"
for i in \$(seq 40); do
  echo "source \$i" >>"\$out/src"
  printf 'a b c d e f g h\t\\\\n %%s\n' >>"\$out/ref"
  if [ \$((i % 2)) = 0 ]; then echo 'a b c d e f g h \\n %s'; else echo "a b \$i"; fi >>"\$out/hyp"
done
samples "\$out/src" "\$out/ref" "\$out/hyp" --metric chrf
measure "" "\$out/ref" "\$out/hyp" --metric bleu,exact
measure " lower-cased" "\$out/ref" "\$out/hyp" --metric bleu --lowercase
baseline "" 'the "first" \\ words' "\$out/ref" "\$out/src" --metric bleu
anchor chrF2 other "\${ANCHOR:-50.5}"
finish BLEU bleu
TOY
log 20 "$work/toy/run"
toy() { env DATA="$work" DRAGOMAN="$work/program" OUT="$work/toy" SEED=7 THREADS=2 "$@" bash "$work/toy.sh"; }
expect "a number that is none ends a recipe" 1 'toy.sh: chrF2 of other is "nan", expected a number' toy ANCHOR=nan
expect "and it has no record then" 2 '' ls "$work/toy/record.json"
rm "$work"/toy/{src,ref,hyp}
expect "a recipe ends with a record" 0 '^record: .*/toy/record.json' toy
mkdir -p "$work/own/toy" && cp -r "$work/toy" "$work/own/toy/seed-7"
page
expect "which is one that results reads" 0 '^results: 1 recipes' "$recipes/results" "$work/own" "$work/docs"
record=$work/toy/record.json
has "minutes are the whole run's" "$record" '  "minutes": 1.5,'
has "updates, too" "$record" '  "updates": 20,'
log 5 "$work/toy/pretraining"
rm "$work"/toy/{src,ref,hyp}
expect "a recipe with pretraining ends, too" 0 '^record: ' toy
has "minutes are those of both" "$record" '  "minutes": 3.0,'
has "and so are updates" "$record" '  "updates": 40,'
has "the parameters are counted" "$record" '  "parameters": 123456789,'
expect "a figure has its exact signature" 0 '' grep -E '"name": "BLEU", "value": [0-9]+\.[0-9][0-9], "signature": "nrefs:1\|case:mixed\|eff:no\|tok:13a\|' "$record"
expect "a figure of other settings has a name of its own" 0 '' grep -E '"name": "BLEU lower-cased", .*case:lc' "$record"
expect "names are JSON" 0 '' grep -F '"name": "the \"first\" \\ words", "value": ' "$record"
expect "the picture has the line" 0 '>the &quot;first&quot; \\ words [0-9]' cat "$work/toy/curves.svg"
expect "but not those of other scores" 1 '' grep -q 'other 50.5' "$work/toy/curves.svg"
expect "there are ten samples, from bad to good, equals by number" 0 '^5:13 15:21 25:29 35:37 45:5 55:4 65:12 75:20 85:28 95:36$' \
  bash -c "sed -n 's/^\([0-9]*\) % (line \([0-9]*\), .*/\1:\2/p' '$work/toy/samples.txt' | paste -sd ' '"
expect "with the text as it is" 0 '^  reference  a b c d e f g h.\\n %s$' cat "$work/toy/samples.txt"
expect "a recipe that starts anew has no record until it ends" 1 'chrF2 of other' toy ANCHOR=x
expect "not even the old one" 2 '' ls "$work/toy/record.json"
for wrong in SEED=01 THREADS=0 THREADS=two STEPS=1.5; do
  expect "$wrong is told at the start" 1 "${wrong%%=*} is \"${wrong##*=}\", expected a whole number" toy "$wrong"
done
expect "DATA is asked for" 1 'DATA is not set' env -u DATA bash "$work/toy.sh"

# recipes/all, with recipes that do as they are told.
mkdir -p "$work/tree/recipes" "$work/tree/scripts"
cp "$recipes/all" "$work/tree/recipes/" && cp "$root/scripts/help.sh" "$work/tree/scripts/"
echo 'exit 9' >"$work/tree/recipes/common.sh"  # not executable: no recipe
for name in good bad late; do
  cat >"$work/tree/recipes/$name.sh" <<RECIPE
#!/usr/bin/env bash
echo "$name runs with seed \$SEED"
[ $name != bad ] || exit 3
[ $name != late ] || [ -e "\$OUT/begun" ] || { touch "\$OUT/begun"; exit 1; }
touch "\$OUT/record.json"
RECIPE
done
chmod +x "$work"/tree/recipes/*.sh && chmod -x "$work/tree/recipes/common.sh"
all() { env "${@:1}" "$work/tree/recipes/all"; }
expect "all runs each, and says what failed" 1 '^recipes: 2 done now, 0 before, 4 failed$' all SEEDS=2
expect "a failed one has its log" 0 'bad runs with seed 2' cat "$work/tree/runs/recipes/bad/seed-2/log"
expect "what is done is left, what was begun goes on" 1 '^recipes: 2 done now, 2 before, 2 failed$' all SEEDS=2
expect "the end names the failed" 1 '^FAILED: bad seed 1 \(.*/bad/seed-1/log\)$' all
expect "recipes may be named" 0 '^recipes: 0 done now, 1 before, 0 failed$' "$work/tree/recipes/all" good
cat >"$work/tree/recipes/slow.sh" <<'RECIPE'
#!/usr/bin/env bash
trap 'sleep 0.2; echo "has saved" && touch "$OUT/saved"; exit 130' INT
sleep 5 &
wait
RECIPE
chmod +x "$work/tree/recipes/slow.sh"
expect "an interrupt ends all, and lets a recipe save and say so" 124 '^all: slow was interrupted; the same command goes on' \
  setsid timeout -s INT 1 "$work/tree/recipes/all" slow good
expect "which it did" 0 '' ls "$work/tree/runs/recipes/slow/seed-1/saved"
has "and it is in its log" "$work/tree/runs/recipes/slow/seed-1/log" "has saved"
rm "$work/tree/recipes/slow.sh"
expect "a recipe that is none is wrong use" 2 'there is no recipe common' "$work/tree/recipes/all" common
expect "SEEDS must be a number" 2 'SEEDS=two, expected how many' all SEEDS=two

for script in all results; do
  expect "$script --help says what it does" 0 '^(Runs|Takes) ' "$recipes/$script" --help
done

[ "$failures" = 0 ] || exit 1
