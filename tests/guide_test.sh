#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs what docs/guide.md and README.md tell a newcomer to type (their ```sh blocks), each document's in order in one
# folder, on the phrase book: trainings end after three updates, vocabularies are small.
#   tests/guide_test.sh DRAGOMAN
set -eu -o pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PROGRAM=$(realpath "$1")
export PROGRAM
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The program with sizes for a test, where the command does not say them itself.
cat > "$work/dragoman" << 'WRAPPER'
#!/usr/bin/env bash
small=()
case $1 in
  train) [[ " $* " =~ " --config "|" --advise " ]] || small=(--config ../small.toml) ;;
esac
args=("$@")
for ((i = 0; i < $#; ++i)); do
  case ${args[i]} in
    --size) args[i + 1]=900 ;;
    --max-steps) [[ " $* " == *" --resume "* ]] && args[i + 1]=5 || args[i + 1]=3 ;;
    --warmup) args[i + 1]=1 ;;
  esac
done
exec "$PROGRAM" "${args[@]}" "${small[@]}"
WRAPPER
chmod +x "$work/dragoman"
printf 'max-steps = 3\nthreads = 1\nbatch-tokens = 300\nvalid-every = 2\n' > "$work/small.toml"

# run_blocks DOCUMENT: fails at the first command that does.
run_blocks() {
  local folder
  folder=$work/$(basename "$1" .md) && mkdir "$folder" && cd "$folder"
  for part in train valid test new; do
    for side in en de; do
      sed -n '1,500p' "$root/examples/phrasebook/${part/new/train}.${side/de/zh}" > "$part.$side"
    done
  done
  sed -i '31,$d' valid.* test.*
  awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside && !/^(scripts\/build|alias) ?/' "$root/$1" > commands
  [ "$(grep -c dragoman commands)" -ge "$2" ] || { echo "$1: fewer than $2 commands found"; return 1; }
  PATH=$work:$PATH bash -e -u -o pipefail -x commands > log 2>&1 || { tail -n 20 log; echo "FAILED: a command of $1"; return 1; }
  echo "ok      $1: $(grep -c dragoman commands) commands"
}

(run_blocks docs/guide.md 20)
(run_blocks README.md 4)
