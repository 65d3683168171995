// SPDX-License-Identifier: Apache-2.0
// What was met while sentence pairs were read; nothing is left out silently.
#ifndef DRAGOMAN_DATA_CORPUS_REPORT_H_
#define DRAGOMAN_DATA_CORPUS_REPORT_H_

#include <cstdint>
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
  int64_t pairs = 0;      // with text on both sides
  Finding empty_pairs;    // an empty line (or one of white space only) on one side or both: not trained on
  Finding src_truncated;  // sentences of which only the left part is kept
  Finding tgt_truncated;
  int64_t src_tokens = 0;  // of the pairs kept, </s> counted, after truncation
  int64_t tgt_tokens = 0;
  Finding src_unknown;  // tokens that are <unk>
  Finding tgt_unknown;
  int64_t crlf_lines = 0;
  int64_t bom_files = 0;
};

// One human line a fact: pairs, tokens, what was skipped, cut or mended; facts that are zero are left out.
std::vector<std::string> DescribeReport(const CorpusReport& report, const ParallelInput& input);

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_CORPUS_REPORT_H_
