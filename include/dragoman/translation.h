// SPDX-License-Identifier: Apache-2.0
// What is found for a line of text, and who is told.
#ifndef DRAGOMAN_TRANSLATION_H_
#define DRAGOMAN_TRANSLATION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace dragoman {

struct Translation {
  std::string text;      // in the form of DecodeOptions::line_form
  double score = 0;      // log_prob / length penalty
  double log_prob = 0;   // natural logarithm
  bool complete = true;  // false: cut at the length limit
};

struct TranslatedLine {
  std::vector<Translation> n_best;  // best first; one empty translation for an empty line
  bool truncated = false;           // the source was longer than the model's limit: its left part was translated
  std::string error;                // why there is no translation, if there is none: then n_best is an empty one of NaN
  bool repaired = false;            // the source held invalid UTF-8 or NUL, translated as U+FFFD or a space
  bool empty = false;               // the source: there was nothing to translate
  // Characters of the source that the vocabulary has no piece for, translated as <unk>; a given <unk> counts as one.
  int64_t unknown = 0;
};

struct PairScore {
  double log_prob = 0;                  // natural logarithm, of all target tokens and </s>, given the source
  std::vector<double> token_log_probs;  // one a token, </s> last
  bool truncated = false;               // source or target was longer than the model's limit
  int64_t unknown = 0;                  // characters of both that the vocabulary has no piece for: scored as <unk>
  std::string error;                    // why there is no score, although there is a source
};

// Who is told at once. The translator's own threads call them, several at a time, each of other lines: so they should
// be short, and must not wait for a job. What one throws ends the job, and comes out of Get().
struct JobCallbacks {
  std::function<void(size_t line, const TranslatedLine&)> on_line;       // a line is done
  std::function<void(size_t line, const std::string& text)> on_settled;  // what is certain of it, each time it grows
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRANSLATION_H_
