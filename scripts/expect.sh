# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
# What tests of scripts share. Sourced; the test ends with `[ "$failures" = 0 ]`.
failures=0

# expect NAME STATUS PATTERN COMMAND...: COMMAND exits with STATUS and prints a line that matches PATTERN.
expect() {
  local name=$1 status=$2 pattern=$3 output code
  shift 3
  output=$("$@" 2>&1)
  code=$?
  if [ "$code" = "$status" ] && grep -q -E -e "$pattern" <<<"$output"; then
    echo "ok      $name"
  else
    printf 'FAILED  %s: exit code %s (expected %s), expected a line like "%s" in:\n%s\n' \
      "$name" "$code" "$status" "$pattern" "$output"
    failures=$((failures + 1))
  fi
}
