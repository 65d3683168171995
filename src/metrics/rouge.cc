// SPDX-License-Identifier: Apache-2.0
#include "metrics/rouge.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "metrics/bleu_tokenizer.h"
#include "metrics/corpus.h"
#include "metrics/ngrams.h"
#include "metrics/porter_stemmer.h"
#include "metrics/unicode.h"

namespace dragoman {
namespace {

constexpr size_t kLongestUnstemmed = 3;  // letters

bool IsAlphanumeric(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::vector<std::u32string> EnglishWords(std::u32string_view lowercased, bool stem) {
  std::vector<std::u32string> words;
  std::string word;
  const auto finish_word = [&] {
    if (stem && word.size() > kLongestUnstemmed) word = PorterStem(word);
    if (!word.empty()) words.emplace_back(word.begin(), word.end());
    word.clear();
  };
  for (const char32_t c : lowercased) {
    if (IsAlphanumeric(c)) {
      word += static_cast<char>(c);
    } else {
      finish_word();
    }
  }
  finish_word();
  return words;
}

std::vector<std::u32string> Words(std::string_view text, const RougeOptions& options) {
  const std::u32string lowercased = ToLower(DecodeUtf8(text));
  if (options.tokenizer == RougeTokenizer::kEnglish) return EnglishWords(lowercased, options.stem);
  return BleuTokens(lowercased, BleuTokenizer::kZh);
}

// Precision, recall and F1, 0…1, of `matches` among the two sides' n-grams.
RougeScore MakeScore(int64_t matches, int64_t in_hypothesis, int64_t in_reference) {
  RougeScore score;
  if (matches == 0) return score;
  score.precision = static_cast<double>(matches) / static_cast<double>(in_hypothesis);
  score.recall = static_cast<double>(matches) / static_cast<double>(in_reference);
  score.f1 = 2 * score.precision * score.recall / (score.precision + score.recall);
  return score;
}

RougeScore ScoreNgrams(std::u32string_view hypothesis, std::u32string_view reference, int order) {
  return MakeScore(CountMatches(CountNgrams(hypothesis, order), CountNgrams(reference, order)),
                   NumNgrams(hypothesis.size(), order), NumNgrams(reference.size(), order));
}

// Length of the longest sequence of words that both have in this order, with or without others between them.
// lengths[j] is that of the part of `a` seen so far and the first j words of `b`: one row of the usual table.
int64_t LongestCommonSubsequence(std::u32string_view a, std::u32string_view b) {
  std::vector<int64_t> lengths(b.size() + 1, 0);
  for (const char32_t word : a) {
    int64_t diagonal = 0;  // lengths[j] before this word
    for (size_t j = 0; j < b.size(); ++j) {
      const int64_t above = lengths[j + 1];
      lengths[j + 1] = word == b[j] ? diagonal + 1 : std::max(above, lengths[j]);
      diagonal = above;
    }
  }
  return lengths.back();
}

void KeepBetter(const RougeScore& candidate, RougeScore* best) {
  if (candidate.f1 > best->f1) *best = candidate;
}

void AddTo(const RougeScore& score, RougeScore* sum) {
  sum->precision += score.precision;
  sum->recall += score.recall;
  sum->f1 += score.f1;
}

RougeScore Times(const RougeScore& score, double factor) {
  return {score.precision * factor, score.recall * factor, score.f1 * factor};
}

}  // namespace

RougeScores SentenceRouge(std::string_view hypothesis, std::span<const std::string_view> references,
                          const RougeOptions& options) {
  DRAGOMAN_CHECK(!references.empty());
  WordNumbers numbers;
  const std::u32string h = numbers.Number(Words(hypothesis, options));
  RougeScores best;
  for (const std::string_view reference : references) {
    const std::u32string r = numbers.Number(Words(reference, options));
    KeepBetter(ScoreNgrams(h, r, 1), &best.rouge1);
    KeepBetter(ScoreNgrams(h, r, 2), &best.rouge2);
    KeepBetter(MakeScore(LongestCommonSubsequence(r, h), NumNgrams(h.size(), 1), NumNgrams(r.size(), 1)),
               &best.rouge_l);
  }
  // To percent at the end only: two references' F1 may differ by rounding alone, which then decides as in rouge-score.
  return {Times(best.rouge1, 100), Times(best.rouge2, 100), Times(best.rouge_l, 100)};
}

void RougeCounter::Add(std::string_view hypothesis, std::span<const std::string_view> references) {
  const RougeScores scores = SentenceRouge(hypothesis, references, options_);
  AddTo(scores.rouge1, &sums_.rouge1);
  AddTo(scores.rouge2, &sums_.rouge2);
  AddTo(scores.rouge_l, &sums_.rouge_l);
  ++sentences_;
}

RougeScores RougeCounter::Score() const {
  const double share = 1 / static_cast<double>(std::max<int64_t>(sentences_, 1));
  return {Times(sums_.rouge1, share), Times(sums_.rouge2, share), Times(sums_.rouge_l, share)};
}

RougeScores CorpusRouge(std::span<const std::string> hypotheses, std::span<const std::string> references,
                        const RougeOptions& options) {
  RougeCounter counter(options);
  AddCorpus("ROUGE", hypotheses, references, &counter);
  return counter.Score();
}

RougeScores CorpusRouge(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                        const RougeOptions& options) {
  RougeCounter counter(options);
  AddCorpus("ROUGE", hypotheses, references, &counter);
  return counter.Score();
}

std::string RougeSignature(const RougeOptions& options, int num_references) {
  return fmt::format("nrefs:{}|tok:{}|stem:{}|version:dragoman-{}", num_references,
                     options.tokenizer == RougeTokenizer::kEnglish ? "en" : "zh", options.stem ? "yes" : "no",
                     DRAGOMAN_VERSION);
}

}  // namespace dragoman
