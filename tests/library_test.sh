#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Other programs build against the installed library, by CMake and by pkg-config, and translate as the command does.
#   tests/library_test.sh CMAKE BUILD_FOLDER
set -eu -o pipefail
cmake=$1 build=$(cd "$2" && pwd) root=$PWD
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
prefix="$place/a place"
fail() {
  echo "library_test: $*" >&2
  exit 1
}
quietly() { "$@" > "$place/log" 2>&1 || { cat "$place/log" && fail "$* failed"; }; }
quietly "$cmake" --install "$build" --prefix "$prefix"

# A model, and what the command makes of a few lines with it.
book=$root/examples/phrasebook
head -n 2000 "$book/train.en" > "$place/train.en"
head -n 2000 "$book/train.zh" > "$place/train.zh"
quietly "$prefix/bin/dragoman" vocab --input "$place/train.en" "$place/train.zh" --size 1000 --output "$place/vocab.model"
quietly "$prefix/bin/dragoman" train --train-src "$place/train.en" --train-tgt "$place/train.zh" --vocab "$place/vocab.model" \
  --output "$place/run" --preset tiny --encoder-layers 1 --decoder-layers 1 --batch-tokens 1024 --max-steps 30 \
  --learning-rate 0.005 --warmup 10
head -n 20 "$book/test.en" > "$place/test.en"
"$prefix/bin/dragoman" translate --model "$place/run" --beam-size 2 < "$place/test.en" > "$place/expected" 2> /dev/null
[ "$(sort -u "$place/expected" | wc -l)" -gt 1 ] || fail "the model says one thing only"

# check PROGRAM NAME: translates as the command does.
check() {
  "$1" "$place/run" < "$place/test.en" > "$place/found" 2> "$place/shown" || fail "$2 does not run: $(cat "$place/shown")"
  cmp "$place/expected" "$place/found" || fail "$2 translates otherwise"
  grep -q ' \.\.\.$' "$place/shown" || fail "$2 shows nothing on the way"
  ! "$1" /nowhere < /dev/null 2> "$place/shown" && grep -q '/nowhere' "$place/shown" || fail "$2 does not say what is wrong"
}

quietly "$cmake" -S "$root/examples/library" -B "$place/by-cmake" -D CMAKE_BUILD_TYPE=Release -D CMAKE_PREFIX_PATH="$prefix"
quietly "$cmake" --build "$place/by-cmake"
check "$place/by-cmake/translate" "find_package"

export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
eval "flags=($(pkg-config --cflags --libs dragoman))"
quietly g++ -std=c++20 -Wall -Wextra -Werror "$root/examples/library/translate.cc" "${flags[@]}" -Wl,-rpath,"$prefix/lib" -o "$place/by-pkg-config"
check "$place/by-pkg-config" "pkg-config"

# The ten lines of docs/library.md.
awk '/^```cpp/ { found = 1; next } /^```/ { if (found) exit } found' "$root/docs/library.md" > "$place/hello.cc"
(cd "$place" && quietly g++ -std=c++20 -O2 hello.cc "${flags[@]}" -Wl,-rpath,"$prefix/lib" -o hello)
printf '%s\n' 'I love you' 'Good morning' > "$place/hello.en"
(cd "$place" && ./hello) > "$place/found" || fail "what docs/library.md shows does not run"
"$prefix/bin/dragoman" translate --model "$place/run" < "$place/hello.en" 2> /dev/null | cmp - "$place/found" ||
  fail "what docs/library.md shows translates otherwise"

sed -e 's/dragoman 0.1 REQUIRED/dragoman 0.1 REQUIRED COMPONENTS static/' -e 's/dragoman::dragoman)/dragoman::dragoman_static)/' \
  "$root/examples/library/CMakeLists.txt" > "$place/CMakeLists.txt"
cp "$root/examples/library/translate.cc" "$place/"
quietly "$cmake" -S "$place" -B "$place/static" -D CMAKE_BUILD_TYPE=Release -D CMAKE_PREFIX_PATH="$prefix"
quietly "$cmake" --build "$place/static"
check "$place/static/translate" "the static library"

# What it shows of itself, and what it does not do.
library=$prefix/lib/libdragoman.so
nm -D -C --defined-only "$library" > "$place/shown"
grep -q 'dragoman::Translator::Translate' "$place/shown" || fail "Translator is not in it"
if grep -E ' [TBD] ' "$place/shown" | grep -v -E 'dragoman::(Error|Translator|TranslationJob|DecodeOptions)::' | grep .; then
  fail "it shows more than its headers"
fi
if nm -D -C --undefined-only "$library" | grep -E ' (MPI_|ompi_|exit|_exit|quick_exit|signal|sigaction|printf|puts|putchar|std::(cout|cerr|clog))(@|$|\()'; then
  fail "it speaks, exits or handles signals"
fi
ldd "$library" | grep -i mpi && fail "it needs MPI"
exit 0
