// SPDX-License-Identifier: Apache-2.0
// What was met while sentence pairs were read; nothing is left out silently.
#ifndef DRAGOMAN_DATA_CORPUS_REPORT_H_
#define DRAGOMAN_DATA_CORPUS_REPORT_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/parallel_reader.h"

namespace dragoman {

// How often something was met, and the line of its first time (0 for none).
struct Finding {
  int64_t count = 0;
  int64_t first_line = 0;
  void Add(int64_t line, int64_t times = 1);
};

struct CorpusReport {
  int64_t pairs = 0;       // that are kept
  Finding empty_pairs;     // an empty line (or a blank one) on one side or both, or of a text alone: not trained on
  Finding lopsided_pairs;  // one side too many times as long as the other, dropped
  Finding overlong_pairs;  // longer than the limits, dropped
  Finding short_lines;     // of a text alone: with too little in them for a pair to be made (data/denoiser.h)
  int64_t pairs_cut = 0;   // or kept with the left part of one side or both:
  Finding src_truncated;   //   sentences of which only that is kept
  Finding tgt_truncated;
  int64_t src_tokens = 0;  // of the pairs kept, </s> counted, after truncation
  int64_t tgt_tokens = 0;
  Finding src_unknown;  // tokens that are <unk>
  Finding tgt_unknown;
  int64_t crlf_lines = 0;
  int64_t bom_files = 0;
};

// Of several texts; the first line of a finding is that of the first text that has it.
CorpusReport Together(std::span<const CorpusReport> reports);

// One human line a fact: pairs, tokens, what was skipped, cut or mended; facts that are zero are left out.
std::vector<std::string> DescribeReport(const CorpusReport& report, const ParallelInput& input);

// A warning if more than one pair in a hundred was cut, otherwise empty: what is left no longer translates the other.
std::string CutWarning(const CorpusReport& report);

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_CORPUS_REPORT_H_
