# SPDX-License-Identifier: Apache-2.0
# What the recipes share. Sourced, with DATA set by the user: a folder in the layout that recipes/README.md describes.
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
name=$(basename "$0" .sh)
out=${OUT:-$root/runs/$name}
mkdir -p "$out"

# Builds what is missing, quietly.
[ -x "$root/build/release/dragoman" ] || "$root/scripts/build" >&2
dragoman() { "$root/build/release/dragoman" "$@"; }

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

# Trains (or goes on with) the run in $out/run for $steps updates, the rate falling to 0 at the last, and says how long
# that took.
train() {
  local start=$SECONDS
  dragoman train --output "$out/run" --resume --seed "$seed" --threads "$threads" --precision "$precision" \
    --schedule linear --max-steps "$steps" "$@"
  echo "training: $steps updates, $((SECONDS - start)) s now, $threads threads, $precision where there is such"
}

# early STEPS: so many, or half of $steps where that is less: for a warm-up that leaves room for the rest.
early() {
  echo $(($1 < steps / 2 ? $1 : steps / 2))
}

# sample SRC REF HYP: a few lines of each, for a person to look at.
sample() {
  echo "samples (source, reference, output):"
  # awk, not head: closing the pipe early would end the recipe (pipefail).
  paste -d '\n' "$1" "$2" "$3" | awk 'NR <= 15 { print "  " $0; if (NR % 3 == 0) print "" }'
}

machine() {
  echo "machine: $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | sed 's/^ *//'), $(nproc) cores; $(dragoman --version), $(date -u +%Y-%m-%d)"
}
