#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Summarization: the abstract of a computer-science paper to its title; 38,970 pairs.
#   DATA=dir recipes/arxiv-titles.sh        STEPS=11200 THREADS=2 PRECISION=bf16 SEED=1 OUT=runs/arxiv-titles
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
steps=${STEPS:-11200}
data=$DATA/summarization/arxiv-cs-titles
max_src_len=200 dropout=0.2
pretraining=$((steps > 4 ? steps / 4 : 1)) copies=1
source "$recipes/summaries.sh"
first_words 9  # as many as a title has on average
first_sentence
finish ROUGE-L rougeL
