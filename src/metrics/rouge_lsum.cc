// SPDX-License-Identifier: Apache-2.0
#include "metrics/rouge_lsum.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "metrics/ngrams.h"

namespace dragoman {
namespace {

using Sentences = std::vector<std::u32string>;  // one symbol per word

constexpr uint64_t kMostCells = 10'000'000'000;  // of a table, a bit each

Sentences SentencesOf(std::string_view text, const RougeOptions& options, WordNumbers* numbers) {
  Sentences sentences;
  for (const std::string_view sentence : SplitSentences(text, options.sentence_separator)) {
    sentences.push_back(numbers->Number(RougeWords(sentence, options)));
  }
  return sentences;
}

// Marks the words of `r` that belong to one longest common subsequence with `h`: of several the one that rouge-score
// takes, which goes back from the ends and, where words differ, gives up a word of `r` unless that alone is worse.
void MarkCommonSubsequence(std::u32string_view r, std::u32string_view h, std::vector<bool>* marked) {
  const uint64_t columns = h.size();
  if (columns > 0 && r.size() > kMostCells / columns) {
    throw Error(fmt::format(
        "ROUGE-Lsum: a sentence of {} words against one of {}, expected {} pairs of words at most; part the sentences "
        "of a text, which `sentence_separator` names",
        h.size(), r.size(), kMostCells));
  }
  // lengths[j] is the length for the words of `r` so far and the first j of `h`; of the whole table it is enough to
  // keep whether a cell's left neighbour is more than the one above.
  std::vector<int64_t> lengths(columns + 1, 0);
  std::vector<bool> left_is_more(r.size() * columns);
  for (size_t i = 0; i < r.size(); ++i) {
    int64_t diagonal = 0;  // lengths[j] before this word
    for (size_t j = 0; j < columns; ++j) {
      const int64_t above = lengths[j + 1];
      left_is_more[i * columns + j] = lengths[j] > above;
      lengths[j + 1] = r[i] == h[j] ? diagonal + 1 : std::max(above, lengths[j]);
      diagonal = above;
    }
  }
  for (size_t i = r.size(), j = columns; i > 0 && j > 0;) {
    if (r[i - 1] == h[j - 1]) {
      (*marked)[--i] = true;
      --j;
    } else if (left_is_more[(i - 1) * columns + j - 1]) {
      --j;
    } else {
      --i;
    }
  }
}

// How often each word occurs, by its number.
std::vector<int64_t> CountWords(const Sentences& sentences) {
  std::vector<int64_t> counts;
  for (const std::u32string& sentence : sentences) {
    for (const char32_t word : sentence) {
      if (word >= counts.size()) counts.resize(word + 1);
      ++counts[word];
    }
  }
  return counts;
}

int64_t NumWords(const Sentences& sentences) {
  int64_t words = 0;
  for (const std::u32string& sentence : sentences) words += static_cast<int64_t>(sentence.size());
  return words;
}

// differs: in the paper's Eq. 5 and 6 a word of the hypothesis may count for several sentences of the reference; here,
// as in ROUGE 1.5.5 and rouge-score, each occurrence counts once.
RougeScore Compare(const Sentences& hypothesis, const Sentences& reference) {
  std::vector<int64_t> left = CountWords(hypothesis);
  int64_t hits = 0;
  for (const std::u32string& sentence : reference) {
    std::vector<bool> in_union(sentence.size());
    for (const std::u32string& other : hypothesis) MarkCommonSubsequence(sentence, other, &in_union);
    for (size_t i = 0; i < sentence.size(); ++i) {
      if (!in_union[i] || left[sentence[i]] == 0) continue;
      --left[sentence[i]];
      ++hits;
    }
  }
  return RougeScoreOf(hits, NumWords(hypothesis), NumWords(reference));
}

}  // namespace

Stats RougeLsumMetric::SentenceStats(std::string_view hypothesis, std::span<const std::string_view> references) const {
  DRAGOMAN_CHECK(!references.empty());
  WordNumbers numbers;
  const Sentences sentences = SentencesOf(hypothesis, options_, &numbers);
  RougeScore best;
  for (const std::string_view reference : references) {
    const RougeScore score = Compare(sentences, SentencesOf(reference, options_, &numbers));
    if (score.f1 > best.f1) best = score;
  }
  return {best.precision, best.recall, best.f1, 1};
}

RougeScore RougeLsumMetric::Parts(std::span<const double> sum) const {
  const double percent = 100 / std::max(sum[3], 1.0);
  return {sum[0] * percent, sum[1] * percent, sum[2] * percent};
}

std::string RougeLsumMetric::Signature(int num_references) const {
  return fmt::format("nrefs:{}|tok:{}|stem:{}|sep:{}|version:dragoman-{}", num_references,
                     options_.tokenizer == RougeTokenizer::kEnglish ? "en" : "zh", options_.stem ? "yes" : "no",
                     options_.sentence_separator == "\n" ? "\\n" : options_.sentence_separator, DRAGOMAN_VERSION);
}

}  // namespace dragoman
