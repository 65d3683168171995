# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the recipes share. Sourced, with DATA set by the user: a folder in the layout that recipes/README.md describes.
# A recipe makes its data ready, calls `train`, then measures with `measure` or `figure`, names what to compare with by
# `anchor`, and ends with `finish`.
set -euo pipefail
recipes=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$recipes")

die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

[ -n "${DATA:-}" ] || die "DATA is not set; give the folder with the data: DATA=dir $0 (recipes/README.md says what is in it)"
[ -d "$DATA" ] || die "DATA=$DATA is no folder; recipes/README.md says what is expected in it"
DATA=$(cd "$DATA" && pwd)
threads=${THREADS:-$(nproc)}
precision=${PRECISION:-bf16}   # where the processor multiplies it; elsewhere training says so and takes f32
seed=${SEED:-1}
for setting in threads seed ${STEPS:+STEPS}; do
  [[ ${!setting} =~ ^[1-9][0-9]*$ ]] || die "${setting^^} is \"${!setting}\", expected a whole number of 1 or more"
done
name=$(basename "$0" .sh)
out=${OUT:-$root/runs/$name}
mkdir -p "$out"
rm -f "$out/record.json"  # of what was there before this start; the end writes it anew

# Builds what is missing, quietly. DRAGOMAN names another program than the one built here.
program=${DRAGOMAN:-$root/build/release/dragoman}
[ -x "$program" ] || "$root/scripts/build" >&2
dragoman() { "$program" "$@"; }

# need FILE...: each must be there.
need() {
  local file
  for file in "$@"; do
    [ -e "$file" ] || die "$file is missing; recipes/README.md says where the original is to be had"
  done
}

# text FILE[.gz]: its lines.
text() {
  if [ -e "$1.gz" ]; then gzip -dc "$1.gz"; else cat "$1"; fi
}

# Trains (or goes on with) the run in the folder $out/NAME for so many updates, the rate falling to 0 at the last, and says
# how long that took.
train_run() {  # NAME UPDATES OPTION...
  local start=$SECONDS
  dragoman train --output "$out/$1" --resume --seed "$seed" --threads "$threads" --precision "$precision" \
    --schedule linear --max-steps "$2" "${@:3}"
  echo "$1: $2 updates, $((SECONDS - start)) s now, $threads threads, $(precision_used)"
}

# train OPTION...: the recipe's model, in $out/run, for $steps updates.
train() { train_run run "$steps" "$@"; }

# pretrain OPTION...: one to start from (`train --init-from "$out/pretraining/last"`), for $pretraining updates.
pretrain() { train_run pretraining "$pretraining" "$@"; }

# early STEPS: so many, or half of $steps where that is less: for a warm-up that leaves room for the rest.
early() {
  echo $(($1 < steps / 2 ? $1 : steps / 2))
}

# What training computes in when it is asked for $precision.
precision_used() {
  if [ "$precision" = bf16 ] && ! grep -q -w avx512_bf16 /proc/cpuinfo; then echo f32; else echo "$precision"; fi
}

# translate SOURCE OUTPUT [OPTION...]: by the best model of the run.
translate() {
  dragoman translate --model "$out/run/best" --threads "$threads" "${@:3}" < "$1" > "$2"
}

cpu() { grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | sed 's/^ *//'; }

machine() {
  echo "machine: $(cpu), $(nproc) cores; $(dragoman --version), $(date -u +%Y-%m-%d)"
}

figures=() anchors=()  # of the record, as JSON
anchor_figures=() anchor_lines=()

# require_name TEXT WHAT, require_number TEXT WHAT: end the recipe if it is none. To be called as they are: in $(...)
# they would end nothing.
require_name() {
  case $1 in
    '' | *[[:cntrl:]]*) die "$2 is \"$1\", expected text in a line, without control characters" ;;
  esac
}
require_number() {
  [[ $1 =~ ^(0|[1-9][0-9]*)(\.[0-9]+)?$ ]] || die "$2 is \"$1\", expected a number such as 12.5"
}

# json TEXT: as a JSON string.
json() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# figure NAME NUMBER [SIGNATURE]: one of the recipe's results.
figure() {
  require_name "$1" "a figure's name"
  require_number "$2" "$1"
  [ -z "${3:-}" ] || require_name "$3" "the signature of $1"
  figures+=("{\"name\": $(json "$1"), \"value\": $2${3:+, \"signature\": $(json "$3")}}")
}

# anchor FIGURE NAME NUMBER: what NAME has of that figure. Those of the figure in the picture are lines there.
anchor() {
  require_name "$1" "an anchor's figure"
  require_name "$2" "an anchor's name"
  require_number "$3" "$1 of $2"
  anchors+=("{\"figure\": $(json "$1"), \"name\": $(json "$2"), \"value\": $3}")
  anchor_figures+=("$1") anchor_lines+=("$2=$3")
}

# measure SUFFIX REF HYP OPTION...: prints what `dragoman eval` says, and takes its scores as figures, whose names get
# the suffix.
measure() {
  local scores line rest
  scores=$(dragoman eval "${@:4}" --ref "$2" --hyp "$3")
  echo "$scores"
  while IFS= read -r line; do  # NAME|SIGNATURE = NUMBER ...
    rest=${line#* = }
    line=${line%% = *}
    figure "${line%%|*}$1" "${rest%% *}" "${line#*|}"
  done <<<"$scores"
}

# baseline SUFFIX NAME REF HYP OPTION...: the same for what is not ours: its scores are anchors.
baseline() {
  local scores line rest
  echo "$2:"
  scores=$(dragoman eval "${@:5}" --ref "$3" --hyp "$4")
  echo "$scores"
  while IFS= read -r line; do
    rest=${line#* = }
    anchor "${line%%|*}$1" "$2" "${rest%% *}"
  done <<<"$scores"
}

# rounding TEXTS SOURCE REF OPTION...: what 8 bits cost: the scores of TEXTS by the model as it is, and by the same with
# weights and activations rounded.
rounding() {
  translate "$2" "$out/rounding.f32.hyp"
  translate "$2" "$out/rounding.int8.hyp" --precision int8
  echo "$1, as it is and in int8:"
  measure " $1" "$3" "$out/rounding.f32.hyp" "${@:4}"
  measure " $1, int8" "$3" "$out/rounding.int8.hyp" "${@:4}"
}

# samples SOURCE REF HYP OPTION...: ten lines, bad and good, for a person to look at, into $out/samples.txt and on the
# screen. All lines are sorted by their score (the last that `dragoman eval OPTION...` has of each), those of equal scores
# by number; shown are the lines 5 %, 15 %, ... 95 % on the way.
samples() {
  dragoman eval --sentence-level "${@:4}" --ref "$2" --hyp "$3" | awk '{ print $NF, NR }' |
    LC_ALL=C sort -k 1,1g -k 2,2n |
    awk '{ score[NR] = $1; line[NR] = $2 }
         END {
           for (percent = 5; percent < 100; percent += 10) {
             at = int((NR * percent + 99) / 100)
             if (at != last) print percent, score[at], line[at]
             last = at
           }
         }' |
    SOURCE=$1 REF=$2 HYP=$3 awk '
      { percent[NR] = $1; score[NR] = $2; line[NR] = $3; wanted[$3] = 1 }
      function read_lines(file, texts,    text, number) {
        while ((getline text < file) > 0) if (++number in wanted) texts[number] = text
      }
      END {
        read_lines(ENVIRON["SOURCE"], source); read_lines(ENVIRON["REF"], ref); read_lines(ENVIRON["HYP"], hyp)
        for (i = 1; i <= NR; ++i) {
          at = line[i]
          printf "%d %% (line %d, score %s)\n  source     %s\n  reference  %s\n  output     %s\n\n",
            percent[i], at, score[i], source[at], ref[at], hyp[at]
        }
      }' > "$out/samples.txt"
  echo "samples, sorted by score (source, reference, output):"
  cat "$out/samples.txt"
}

# total KEY: what the last record that has KEY says in the training's log, with pretraining's added.
total() {
  local log sum=0
  for log in "$out"/{pretraining,run}/train.jsonl; do
    [ ! -e "$log" ] || sum=$(awk -v key="\"$1\":" -v sum="$sum" '
      { at = index($0, key) }
      at { rest = substr($0, at + length(key)); if (match(rest, /^ *[0-9.eE+-]+/)) number = substr(rest, 1, RLENGTH) + 0 }
      END { printf "%.10g", sum + number }' "$log")
  done
  echo "$sum"
}

# joined ELEMENT...: as the inside of a JSON list, one a line.
joined() {
  local sep=''
  while [ $# -gt 0 ]; do
    printf '%s\n    %s' "$sep" "$1"
    sep=, && shift
  done
}

# commit: the program's source, "-dirty" where it was changed since; "unknown" without git.
commit() {
  git -C "$root" describe --always --abbrev=12 --exclude '*' --dirty 2> /dev/null || echo unknown
}

# finish FIGURE SCORE: draws the picture $out/curves.svg of the run, with SCORE of validation (bleu, chrf, rougeL,
# exact) and FIGURE's anchors as lines, then writes $out/record.json, whole: whoever finds it knows that the recipe has
# ended well. docs/formats.md says what is in it.
finish() {
  local lines=() i
  for i in "${!anchor_lines[@]}"; do
    [ "${anchor_figures[i]}" != "$1" ] || lines+=(--line "${anchor_lines[i]}")
  done
  dragoman curves "$out/run" --output "$out/curves.svg" --score "$2" --title "$name, seed $seed" "${lines[@]}"
  local minutes updates parameters
  minutes=$(awk -v seconds="$(total seconds)" 'BEGIN { printf "%.1f", seconds / 60 }')
  updates=$(total step)
  parameters=$(dragoman info --json "$out/run/best" | awk '/^ *"total":/ && !found { gsub(/[^0-9]/, ""); print; found = 1 }')
  for i in seed minutes updates parameters threads; do require_number "${!i}" "$i"; done
  cat > "$out/.tmp-record.json" <<RECORD
{
  "format": "dragoman-recipe-1",
  "recipe": $(json "$name"),
  "seed": $seed,
  "figures": [$(joined "${figures[@]}")
  ],
  "anchors": [$(joined "${anchors[@]}")
  ],
  "curve": {"figure": $(json "$1"), "score": $(json "$2")},
  "minutes": $minutes,
  "updates": $updates,
  "parameters": $parameters,
  "threads": $threads,
  "precision": $(json "$(precision_used)"),
  "machine": $(json "$(cpu), $(nproc) cores"),
  "version": $(json "$(dragoman --version)"),
  "commit": $(json "$(commit)"),
  "date": $(json "$(date -u +%Y-%m-%d)")
}
RECORD
  mv "$out/.tmp-record.json" "$out/record.json"
  echo "record: $out/record.json; picture: $out/curves.svg; samples: $out/samples.txt"
}
