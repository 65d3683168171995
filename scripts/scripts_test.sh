#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tests of include-counts, check-flags and install-dependencies.sh on small made-up trees and a made-up machine.
set -u -o pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
source "$scripts/expect.sh"

# tree NAME: a checkout of three folders, low → middle → high, beside → high, and top, which sees all.
tree() {
  local tree=$work/$1
  mkdir -p "$tree/docs" "$tree/src"/{low,middle,high,beside,top}
  cat >"$tree/docs/design.md" <<'DESIGN'
# Design
## Folders
`low → middle →
high`; then `low, beside → high`; `top` sees all. See `scripts/include-counts`.
## Elsewhere
`high → low` is not an arrow of the section above.
DESIGN
  echo '#include "low/a.h"' >"$tree/src/middle/m.h"
  printf '#include "middle/m.h"\n#include "low/a.h"\n' >"$tree/src/high/h.cc"
  echo '#include "high/h.h"' >"$tree/src/low/a_test.cc"
  echo '#include <vector>' >"$tree/src/low/a.h"
  echo '#include "beside/b.h"' >"$tree/src/top/t.cc"
  touch "$tree/src/beside/b.h"
  echo "$tree"
}

good=$(tree good)
expect "a tree in order passes" 0 '1  high +-> middle$' "$scripts/include-counts" "$good"
expect "test files are left out" 0 '^ +1  middle' "$scripts/include-counts" "$good"

loop=$(tree loop)
echo '  #  include "middle/m.h"' >>"$loop/src/low/a.h"
expect "a pair that includes each other fails" 1 'low +-> middle +<- these two include each other' \
  "$scripts/include-counts" "$loop"

upward=$(tree upward)
echo '#include "high/h.h"' >>"$upward/src/beside/b.h"
expect "an include against the arrows fails" 1 'beside +-> high +<- against the arrows' "$scripts/include-counts" "$upward"

sideways=$(tree sideways)
echo '#include "beside/b.h"' >>"$sideways/src/middle/m.h"
expect "an include between folders without an arrow fails" 1 'middle +-> beside +<- against' \
  "$scripts/include-counts" "$sideways"

stranger=$(tree stranger)
mkdir "$stranger/src/stranger" && touch "$stranger/src/stranger/s.h"
expect "a folder that design.md does not know fails" 1 'src/stranger is not in docs/design.md' \
  "$scripts/include-counts" "$stranger"

# flags NAME: a checkout that has one option, max_steps, and in a file below src/cli/ what stdin holds.
flags() {
  local tree=$work/$1
  mkdir -p "$tree/src/low" "$tree/src/cli"
  echo 'command->add_option("--max-steps", steps, "see --max-steps");' >"$tree/src/cli/c.cc"
  echo 'EXPECT_EQ(text, "--max-steps");' >"$tree/src/low/a_test.cc"
  cat >"$tree/src/low/a.cc"
  echo "$tree"
}

fields=$(flags fields <<'CODE'
f("`max_steps` is \"1\"");  // "--max-steps"
int n = 1'000; char c = '"'; --n; f("make it with `dragoman vocab`, see mpirun --bind-to none");
CODE
)
expect "fields between backquotes pass, as do comments and other programs" 0 '^$' "$scripts/check-flags" "$fields"
flag=$(flags flag <<'CODE'
int n = 1'000;
f('"', "give \"it\" --max-steps 1");
CODE
)
expect "a flag below src/cli/ fails" 1 'a.cc:2:.*<- names the flag --max-steps; .* `max_steps`$' \
  "$scripts/check-flags" "$flag"
unknown=$(flags unknown <<<'f("`max_steps`, `max_step`");')
expect "a name that is no option fails" 1 'a.cc:1:.*<- `max_step` is no option of any command$' \
  "$scripts/check-flags" "$unknown"
device=$work/device
mkdir -p "$device"/src/{infer,decode}
echo 'x.view().Rows(1, 2); // as .At(1) would' > "$device/src/infer/a.cc"
echo 'EXPECT_EQ(x.At(1, 2), 3);' > "$device/src/infer/a_test.cc"
expect "whole matrices pass, as do comments and tests" 0 '^$' "$scripts/check-device" "$device"
echo 'return x.At(1, 2);' > "$device/src/decode/b.cc"
expect "a number that is looked at is found" 1 'src/decode/b.cc:1:.*kernels/ may' "$scripts/check-device" "$device"
expect "check-device wants a checkout" 2 'has no src/infer/' "$scripts/check-device" "$work/nothing"
expect "check-flags wants a checkout" 2 'has no src/' "$scripts/check-flags" "$work/nothing"

# A machine on which dpkg-query knows everything but two packages, and apt-get fails.
mkdir "$work/bin"
cat >"$work/bin/dpkg-query" <<'FAKE'
#!/bin/bash
case ${*: -1} in mold | libicu-dev) exit 1 ;; *) printf installed ;; esac
FAKE
printf '#!/bin/bash\necho "E: no such repository"\nexit 100\n' >"$work/bin/apt-get"
printf '#!/bin/bash\necho 0\n' >"$work/bin/id"
chmod +x "$work"/bin/*
expect "missing packages are found" 0 '^2$' env -u DRAGOMAN_SKIP_INSTALL PATH="$work/bin:$PATH" \
  "$scripts/install-dependencies.sh" --count
expect "apt's failure is shown with what is needed" 1 'needs these Debian 12 packages' \
  env -u DRAGOMAN_SKIP_INSTALL PATH="$work/bin:$PATH" "$scripts/install-dependencies.sh"
expect "the check can be left out" 0 '^0$' env DRAGOMAN_SKIP_INSTALL=1 PATH="$work/bin:$PATH" \
  "$scripts/install-dependencies.sh" --count
mkdir "$work/nodebian"
for tool in bash dirname sed xargs id cat; do ln -s "$(command -v "$tool")" "$work/nodebian/$tool"; done
expect "a system without apt gets a clear message" 1 'not a Debian system' \
  env -u DRAGOMAN_SKIP_INSTALL PATH="$work/nodebian" "$scripts/install-dependencies.sh" --count
expect "without the cross compiler it says what to install" 77 'apt-get install g\+\+-aarch64-linux-gnu' \
  env PATH="$work/nodebian" "$scripts/test-aarch64"
expect "installing wants to know where" 2 '--install wants a folder' "$scripts/build" --install
expect "an unknown option is wrong use" 2 'unknown option --wat' "$scripts/install-dependencies.sh" --wat

for script in build format include-counts check-flags tidy with-hosts test-aarch64 check-bare-debian install-dependencies.sh; do
  expect "$script --help says what it does" 0 '^(Finds|Installs|Formats|Prints|Runs|Do|Does) ' "$scripts/$script" --help
done
for script in format tidy; do
  expect "$script knows its options" 2 "unknown option --wat" "$scripts/$script" --wat
done
expect "build knows its arguments" 2 'unknown option --wat' "$scripts/build" --wat

[ "$failures" = 0 ] || exit 1
