// SPDX-License-Identifier: Apache-2.0
// What the kinds of ROUGE share: how a text becomes words, and what a number of matching words is worth.
#ifndef DRAGOMAN_METRICS_ROUGE_WORDS_H_
#define DRAGOMAN_METRICS_ROUGE_WORDS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dragoman {

enum class RougeTokenizer {
  kEnglish,  // rouge-score's: lower-cased runs of a-z and 0-9; everything else vanishes, so Chinese scores 0
  kChinese,  // not in rouge-score: BLEU's zh tokenizer, lower-cased, which keeps every script
};

struct RougeOptions {
  RougeTokenizer tokenizer = RougeTokenizer::kEnglish;
  bool stem = false;  // compare Porter stems of English words longer than 3 letters
  // What parts the sentences of a text, and belongs to no word: a line break, as in rouge-score, or what stands for one
  // where a text is a line. Not empty.
  std::string sentence_separator = "\n";
};

struct RougeScore {
  double precision = 0;  // share of the hypothesis that matches
  double recall = 0;     // share of the reference that matches
  double f1 = 0;         // their harmonic mean: the number that papers print
};

// 0…1, of `matches` among the two sides' n-grams.
RougeScore RougeScoreOf(int64_t matches, int64_t in_hypothesis, int64_t in_reference);

// The sentences between separators, none of them empty; views into `text`.
std::vector<std::string_view> SplitSentences(std::string_view text, std::string_view separator);

// The words of one sentence.
std::vector<std::u32string> RougeWords(std::string_view sentence, const RougeOptions& options);

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_ROUGE_WORDS_H_
