# SPDX-License-Identifier: Apache-2.0
# What the benchmarks' scripts share. Sourced in the repository's root.
venv=build/venv-bench

# PyTorch and Marian, which only benchmarks use (once, some 5 GB).
make_venv() {
  [[ ! -e $venv/complete ]] || return 0
  echo "installing PyTorch and Marian into $venv" >&2
  python3 -m venv "$venv" || { echo "python3 -m venv failed; on Debian: apt install python3-venv" >&2 && exit 1; }
  "$venv/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 numpy sentencepiece==0.2.3 pymarian==1.12.42
  touch "$venv/complete"
}

# build_programs TARGET...: in build/release.
build_programs() {
  [[ -e build/release/build.ninja ]] || cmake --preset release >/dev/null
  ninja -C build/release "$@" >/dev/null
}
