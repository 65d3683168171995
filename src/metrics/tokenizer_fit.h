// SPDX-License-Identifier: Apache-2.0
// Whether a tokenizer finds the words of a text. Where it does not, BLEU and ROUGE are numbers that say nothing.
#ifndef DRAGOMAN_METRICS_TOKENIZER_FIT_H_
#define DRAGOMAN_METRICS_TOKENIZER_FIT_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "metrics/bleu_tokenizer.h"
#include "metrics/rouge.h"

namespace dragoman {

// Notices text without blanks between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan ...) that the
// tokenizer leaves in one piece. To BLEU a sentence is then one word, and a good translation scores as a bad one does.
class BleuTokenizerFit {
 public:
  explicit BleuTokenizerFit(BleuTokenizer tokenizer) : tokenizer_(tokenizer) {}

  void Add(std::string_view reference);

  // The tokenizer to take instead, when half of the lines or more were left in one piece.
  std::optional<BleuTokenizer> Better() const;

 private:
  BleuTokenizer tokenizer_;
  int64_t lines_ = 0;   // with any text
  int64_t whole_ = 0;   // of these, left in one piece, or in pieces too long to be words
  int64_t han_ = 0;     // letters of those: Chinese characters,
  int64_t others_ = 0;  // and of other such scripts
};

enum class RougeRemedy {
  kNone,     // all is well
  kChinese,  // RougeTokenizer::kChinese keeps this text and cuts it
  kNoRouge,  // no tokenizer of ROUGE cuts it
};

// Notices text of which ROUGE's tokenizer drops most letters (the English one keeps a to z only), or cannot cut.
class RougeTokenizerFit {
 public:
  explicit RougeTokenizerFit(RougeTokenizer tokenizer) : tokenizer_(tokenizer) {}

  void Add(std::string_view reference);
  RougeRemedy Remedy() const;

 private:
  RougeTokenizer tokenizer_;
  BleuTokenizerFit chinese_{BleuTokenizer::kZh};
  int64_t letters_ = 0;
  int64_t kept_ = 0;  // of these, by the English tokenizer
};

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_TOKENIZER_FIT_H_
