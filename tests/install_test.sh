#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What cmake --install puts somewhere runs from there, and has its licence and documents beside it.
#   tests/install_test.sh CMAKE BUILD_FOLDER
set -eu -o pipefail
cmake=$1 build=$2
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
"$cmake" --install "$build" --prefix "$prefix/a place" > "$prefix/log" || { cat "$prefix/log"; exit 1; }

fail() {
  echo "install_test: $*; installed:" >&2
  find "$prefix/a place" >&2
  exit 1
}
cd /
[[ $("$prefix/a place/bin/dragoman" --version) =~ ^dragoman\ [0-9.]+$ ]] || fail "the program does not run"
[[ $("$prefix/a place/bin/dragoman" train --help) == *--preset* ]] || fail "the program explains nothing"
for file in LICENSE README.md docs/guide.md docs/formats.md docs/scaling.md; do
  [ -s "$prefix/a place/share/doc/dragoman/$file" ] || fail "share/doc/dragoman/$file is missing"
done
for file in libdragoman.so libdragoman.a pkgconfig/dragoman.pc cmake/dragoman/dragoman-config.cmake; do
  [ -s "$prefix/a place/lib/$file" ] || fail "lib/$file is missing"
done
headers=$(cd "$prefix/a place/include" && echo dragoman/*)
[ "$headers" = "dragoman/error.h dragoman/export.h dragoman/options.h dragoman/translation.h dragoman/translator.h" ] ||
  fail "include/ holds $headers"
[ "$(find "$prefix/a place" -type f -perm -u+x ! -name 'libdragoman.so.*')" = "$prefix/a place/bin/dragoman" ] ||
  fail "more than the program is executable"
[ -z "$(find "$prefix/a place" -name '*.cc' -o -name '*_test*' -o -name '*.json')" ] || fail "more is there than a user needs"
