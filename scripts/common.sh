# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# Shared by ./test, ./demo and .ci/run (sourced, bash only): numbered steps on the screen, everything else in a log.
#   start_log NAME STEPS   the log is build/NAME.log; STEPS is how many steps will be announced
#   step TEXT              prints "[2/5] TEXT"
#   logged COMMAND...      runs COMMAND into the log; when it fails, shows the log's end and exits 1
#   install_packages, configure PRESET, build PRESET TARGET...   the steps every script starts with
#   fail TEXT              one clear line, exit 1

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

start_log() {
  log=$root/build/$1.log
  step_count=$2
  step_number=0
  mkdir -p "$root/build" || fail "$root/build cannot be made; run from a folder you may write to"
  : >"$log" || fail "$log cannot be written; remove it, or make it yours with chown"
}

step() {
  step_number=$((step_number + 1))
  printf '[%d/%d] %s\n' "$step_number" "$step_count" "$*"
  printf '=== %s\n' "$*" >>"$log"
}

show_failure() {  # the first compiler error, if there is one, is more use than the log's last lines
  if grep -q -E '^FAILED: |CMake Error' "$log"; then
    grep -m 1 -A 30 -E '^FAILED: |CMake Error' "$log"
  else
    tail -n 25 "$log"
  fi | cut -c 1-300
}

logged() {
  printf '+ %s\n' "$*" >>"$log"
  "$@" >>"$log" 2>&1 </dev/null && return 0
  show_failure >&2
  fail "this failed: $*; the whole output is in $log"
}

install_packages() {
  local missing
  missing=$("$root/scripts/install-dependencies.sh" --count) || exit 1
  if [ "$missing" = 0 ]; then
    step "packages: all there"
  else
    step "installing $missing Debian packages"
    # Not through logged(): sudo may have to ask for a password.
    "$root/scripts/install-dependencies.sh" --log "$log" || exit 1
  fi
}

build_jobs() {  # one compiler per core, fewer where memory is short (a test file takes up to about 1 GB)
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo)
  [ "${memory:-$cores}" -ge "$cores" ] && memory=$cores
  echo $((memory > 1 ? memory : 1))
}

configure() {
  (cd "$root" && logged cmake --preset "$1") || exit 1
}

# build PRESET TARGET...: a line that counts up on a terminal, one line per tenth elsewhere.
build() {
  local preset=$1 line status done_count total tenth=0
  shift
  printf '+ ninja -C build/%s %s\n' "$preset" "$*" >>"$log"
  NINJA_STATUS='[%f/%t] ' ninja -C "$root/build/$preset" -j "$(build_jobs)" "$@" </dev/null 2>&1 |
    while IFS= read -r line; do
      printf '%s\n' "$line" >>"$log"
      [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
      done_count=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]}
      if [ -t 1 ]; then
        printf '\r      %d of %d files ' "$done_count" "$total"
      elif [ $((10 * done_count / total)) -gt "$tenth" ] && [ "$total" -ge 10 ]; then
        tenth=$((10 * done_count / total))
        printf '      %d of %d files\n' "$done_count" "$total"
      fi
    done
  status=${PIPESTATUS[0]}
  [ -t 1 ] && printf '\r%30s\r' ''
  [ "$status" = 0 ] && return 0
  show_failure >&2
  fail "the build ($preset: $*) failed; the whole output is in $log"
}

# run_ctest PRESET ARGUMENTS...: one line per test, what a failing test printed, ctest's summary, and what was skipped.
run_ctest() {
  local preset=$1 status
  printf '+ ctest --preset %s\n' "$*" >>"$log"
  (cd "$root" && "${ctest_wrapper[@]}" ctest --preset "$@" --no-tests=error --parallel "$(nproc)" </dev/null 2>&1) |
    tee -a "$log" | grep --line-buffered -v -E '^ +Start +[0-9]+: '
  status=${PIPESTATUS[0]}
  skipped_tests "$root/build/$preset/Testing/Temporary/LastTest.log"
  return "$status"
}

# skipped_tests LOG: "skipped: WHAT: WHY" for each test that was skipped, by GoogleTest or a script of ours.
skipped_tests() {
  awk '/: Skipped$/ { getline why; next }
       /^\[  SKIPPED \] .* ms\)$/ { print "skipped: " $4 ": " why }
       /^skipped: / { print }' "$1"
}
ctest_wrapper=()
