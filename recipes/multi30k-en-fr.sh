#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Translation of image captions, English to French (Multi30k task 1), with a tiny model: 29,000 pairs.
#   DATA=dir recipes/multi30k-en-fr.sh        STEPS=4250 THREADS=2 PRECISION=bf16 SEED=1 OUT=runs/multi30k-en-fr
# shellcheck disable=SC2034  # read by what is sourced
lang=fr
source "$(dirname "${BASH_SOURCE[0]}")/multi30k.sh"
