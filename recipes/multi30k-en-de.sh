#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Translation of image captions, English to German (Multi30k task 1), with a tiny model: 29,000 pairs.
#   DATA=dir recipes/multi30k-en-de.sh        STEPS=4250 THREADS=2 PRECISION=bf16 SEED=1 OUT=runs/multi30k-en-de
# shellcheck disable=SC2034  # read by what is sourced
lang=de
source "$(dirname "${BASH_SOURCE[0]}")/multi30k.sh"
