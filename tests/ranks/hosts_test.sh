#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Training and translating on several machines (scripts/with-hosts), joined by a slow network: the bits are those of the
# same number of processes on one machine, and a machine that vanishes ends the run within 10 seconds, with its name.
#   tests/ranks/hosts_test.sh DRAGOMAN MPIRUN
set -u -o pipefail
dragoman=$1 mpirun=$2
[ -n "$mpirun" ] || { echo "skipped: tests.ranks.hosts_test: built without MPI" && exit 77; }
book=examples/phrasebook
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
failures=0

check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@" >"$work/check" 2>&1; then echo "ok      $name"; else
    echo "FAILED  $name: $*" && cat "$work/check" && failures=$((failures + 1))
  fi
}
hosts() { seq -s , -f 'h%g' "$1"; }
train=(train --train-src "$book/train.en" --train-tgt "$book/train.zh" --vocab "$work/v.model" --preset tiny
  --encoder-layers 2 --decoder-layers 2 --learning-rate 0.001 --warmup 10 --batch-tokens 600 --threads 1 --quiet
  --log-every 1)

scripts/with-hosts 2 200mbit true >"$work/reason" 2>&1
case $? in
  0) ;;
  77) echo "skipped: tests.ranks.hosts_test: $(cat "$work/reason")" && exit 77 ;;
  *) cat "$work/reason" && exit 1 ;;
esac
"$dragoman" vocab --input "$book/train.en" "$book/train.zh" --size 1500 --output "$work/v.model" 2>"$work/log" ||
  { cat "$work/log" && exit 1; }

for n in 2 4; do
  check "$n processes on one machine" \
    "$mpirun" --oversubscribe --bind-to none -n "$n" "$dragoman" "${train[@]}" --max-steps 20 --output "$work/one-$n"
  check "$n machines" \
    scripts/with-hosts "$n" 200mbit "$mpirun" --host "$(hosts "$n")" -n "$n" "$dragoman" "${train[@]}" --max-steps 20 \
    --output "$work/many-$n"
  check "$n machines learn the same bits as $n processes" \
    cmp "$work/one-$n/last/train_state.safetensors" "$work/many-$n/last/train_state.safetensors"
done

translate=(translate --model "$work/one-2" --threads 1 --beam-size 2 --chunk-lines 50 --input "$book/train.en")
check "translating on one machine" "$dragoman" "${translate[@]}" --output "$work/one.zh"
check "translating on two machines" \
  scripts/with-hosts 2 200mbit "$mpirun" --host h1,h2 -n 2 "$dragoman" "${translate[@]}" --output "$work/two.zh"
check "two machines translate the same bytes as one" cmp "$work/one.zh" "$work/two.zh"

# A cable is pulled.
timeout 60 scripts/with-hosts 2 200mbit "$mpirun" --host h1,h2 -n 2 "$dragoman" "${train[@]}" --max-steps 1000000 \
  --save-every 10 --output "$work/cut" >"$work/cut.log" 2>&1 &
run=$!
for _ in $(seq 300); do
  [ -f "$work/cut/train.jsonl" ] && [ "$(wc -l <"$work/cut/train.jsonl")" -ge 15 ] && break
  sleep 0.1
done
machine=$(pgrep -P "$run" | while read -r pid; do ip netns list | grep -o "^dgm$pid-2"; done)
ip netns exec "$machine" ip link set eth0 down
start=$SECONDS
wait "$run"
status=$?
check "a run without one of its machines ends with an error" test "$status" != 0 -a "$status" != 124
check "... within 10 seconds" test $((SECONDS - start)) -le 10
# Said by whoever notices first: rank 0 of rank 1, or mpirun of its daemon there.
check "... with the lost machine's name" grep -E 'rank 1 on h2, process|on node h2' "$work/cut.log"
check "... and its last checkpoint goes on" \
  "$mpirun" --oversubscribe -n 2 "$dragoman" "${train[@]}" --resume --max-steps 20 --output "$work/cut"
[ "$failures" = 0 ]
