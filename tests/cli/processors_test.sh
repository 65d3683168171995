#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The program on processors that this machine is not, emulated by qemu: it trains and translates on one with AVX2 and
# nothing newer, and on one without AVX2, where it says what is missing. On both --precision bf16 trains in f32, which
# it says, too.
#   tests/cli/processors_test.sh DRAGOMAN
set -u -o pipefail
dragoman=$1
command -v qemu-x86_64 >/dev/null ||
  { echo "skipped: tests.cli.processors_test: qemu-x86_64 is missing; apt-get install qemu-user" && exit 77; }
[ "$(uname -m)" = x86_64 ] || { echo "skipped: tests.cli.processors_test: not built for x86-64" && exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failures=0

check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@"; then echo "ok      $name"; else
    echo "FAILED  $name: $*"
    head -n 20 "$work"/*.log
    failures=$((failures + 1))
  fi
}
translates() { # one line of it a sentence
  head -n 2 examples/phrasebook/test.en |
    timeout 120 qemu-x86_64 -cpu "$1" "$dragoman" translate --model "$work/run-$1" --max-length 8 \
      >"$work/hyp" 2>"$work/translate.log" &&
    [ "$(wc -l <"$work/hyp")" = 2 ]
}
trains() {
  timeout 120 qemu-x86_64 -cpu "$1" "$dragoman" train --train-src "$work/src" --train-tgt "$work/tgt" \
    --vocab "$work/v.model" --output "$work/run-$1" --preset tiny --encoder-layers 1 --decoder-layers 1 --threads 1 \
    --precision bf16 --batch-tokens 100 --max-steps 2 2>"$work/train.log"
}
warns_of_avx2() { grep -qF "warning: this processor has no AVX2" "$work/$1.log"; }
does_not_warn() { ! warns_of_avx2 "$1"; }

head -n 200 examples/phrasebook/train.en >"$work/src"
head -n 200 examples/phrasebook/train.zh >"$work/tgt"
"$dragoman" vocab --input "$work/src" "$work/tgt" --size 600 --output "$work/v.model" 2>"$work/vocab.log" ||
  { cat "$work/vocab.log" && exit 1; }

for cpu in Haswell Nehalem; do
  [ $cpu = Haswell ] && warning=does_not_warn || warning=warns_of_avx2
  check "$cpu trains" trains $cpu
  check "$cpu trains in f32" grep -qF "this one lacks: training in f32" "$work/train.log"
  check "$cpu, train: $warning" $warning train
  check "$cpu translates" translates $cpu
  check "$cpu, translate: $warning" $warning translate
done
[ $failures = 0 ]
