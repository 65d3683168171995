# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# For the scripts of this folder (sourced):
#   answer_help "$@"   where the first argument is --help or -h: prints the script's head and exits

answer_help() {
  case ${1:-} in
    -h | --help) sed -n '3,${/^#/!q;s/^# \{0,1\}//p}' "$0" && exit 0 ;;
  esac
}
