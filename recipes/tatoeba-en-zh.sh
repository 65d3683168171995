#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Translation of everyday sentences, English to Chinese (Tatoeba): 26,554 pairs.
#   DATA=dir recipes/tatoeba-en-zh.sh        STEPS=2500 THREADS=2 PRECISION=bf16 SEED=1 OUT=runs/tatoeba-en-zh
# shellcheck disable=SC2034  # read by what is sourced
src=en tgt=zh words=zh
source "$(dirname "${BASH_SOURCE[0]}")/tatoeba.sh"
