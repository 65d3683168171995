#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs with apt what scripts/packages.txt lists and this machine lacks; does nothing, and asks nothing, when all is
# there. Uses sudo only when not root.
#   scripts/install-dependencies.sh [--count | --list] [--log FILE]
#     --count     print how many packages are missing, install nothing
#     --list      print the missing packages, install nothing
#     --log FILE  where apt's output goes (default: the screen)
# DRAGOMAN_SKIP_INSTALL=1 in the environment skips the check, for systems where the libraries come from elsewhere.
set -u -o pipefail
source "$(dirname "${BASH_SOURCE[0]}")/help.sh" && answer_help "$@"
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 1
packages=$(sed -e 's/#.*//' "$scripts/packages.txt" | xargs)
mode=install
log=/dev/stdout

usage() { sed -n '3,9s/^# \{0,1\}//p' "$0"; }

# give_up WHAT: says what happened and what the user can do about it.
give_up() {
  {
    printf 'install-dependencies: %s\n' "$1"
    printf 'Dragoman needs these Debian 12 packages (or the same libraries by other means):\n  %s\n' "$packages"
    printf 'Install them, then run again; DRAGOMAN_SKIP_INSTALL=1 leaves this check out.\n'
  } >&2
  exit 1
}

missing_packages() {
  local package
  for package in $packages; do
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

install() {
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || give_up "not root and no sudo; missing: $*"
    as_root=(sudo)
    echo "      sudo apt-get install $*"
  fi
  # An unattended upgrade may hold apt's lock for a while: wait for it.
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --quiet -o DPkg::Lock::Timeout=300)
  "${apt[@]}" update >>"$log" 2>&1 || echo "install-dependencies: apt-get update reported errors; trying anyway" >&2
  "${apt[@]}" install --yes --no-install-recommends "$@" >>"$log" 2>&1 && return 0
  [ "$log" = /dev/stdout ] || tail -n 15 "$log" >&2
  give_up "apt-get install failed (see above); missing: $*"
}

while [ $# -gt 0 ]; do
  case $1 in
    --count | --list) mode=${1#--} ;;
    --log) log=${2:?--log needs a file} && shift ;;
    --help | -h) usage && exit 0 ;;
    *) echo "install-dependencies: unknown option $1; known: --count, --list, --log FILE" >&2 && exit 2 ;;
  esac
  shift
done

missing=()
if [ "${DRAGOMAN_SKIP_INSTALL:-}" != 1 ]; then
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    give_up "this is not a Debian system (no apt-get or dpkg-query)"
  fi
  mapfile -t missing < <(missing_packages)
fi

case $mode in
  count) echo "${#missing[@]}" ;;
  list) [ "${#missing[@]}" = 0 ] || printf '%s\n' "${missing[@]}" ;;
  install) [ "${#missing[@]}" = 0 ] || install "${missing[@]}" ;;
esac
