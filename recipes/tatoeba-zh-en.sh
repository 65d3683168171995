#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Translation of everyday sentences, Chinese to English (Tatoeba): 26,554 pairs.
#   DATA=dir recipes/tatoeba-zh-en.sh        STEPS=2500 THREADS=2 PRECISION=bf16 SEED=1 OUT=runs/tatoeba-zh-en
# shellcheck disable=SC2034  # read by what is sourced
src=zh tgt=en words=13a
source "$(dirname "${BASH_SOURCE[0]}")/tatoeba.sh"
