#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Summarization: an e-mail to its subject line (AESLC); 14,436 pairs.
#   DATA=dir recipes/aeslc.sh        STEPS=1600 THREADS=2 PRECISION=bf16 SEED=1 OUT=runs/aeslc
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
steps=${STEPS:-1600}
data=$DATA/summarization/aeslc
max_src_len=256 dropout=0.3
pretraining=$steps copies=4  # there are few pairs, and more to read
source "$recipes/summaries.sh"
first_words 10
first_sentence
# Zhang 2020, table 1: of PEGASUS' size, but trained on these pairs alone, as here.
anchor ROUGE-1 "Transformer-base (Zhang 2020)" 15.04
anchor ROUGE-2 "Transformer-base (Zhang 2020)" 7.39
anchor ROUGE-L "Transformer-base (Zhang 2020)" 14.93
finish ROUGE-L rougeL
