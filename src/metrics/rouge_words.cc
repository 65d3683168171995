// SPDX-License-Identifier: Apache-2.0
#include "metrics/rouge_words.h"

#include <algorithm>

#include "base/check.h"
#include "metrics/bleu_tokenizer.h"
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

}  // namespace

RougeScore RougeScoreOf(int64_t matches, int64_t in_hypothesis, int64_t in_reference) {
  RougeScore score;
  if (matches == 0) return score;
  score.precision = static_cast<double>(matches) / static_cast<double>(in_hypothesis);
  score.recall = static_cast<double>(matches) / static_cast<double>(in_reference);
  score.f1 = 2 * score.precision * score.recall / (score.precision + score.recall);
  return score;
}

std::vector<std::string_view> SplitSentences(std::string_view text, std::string_view separator) {
  DRAGOMAN_CHECK(!separator.empty());
  std::vector<std::string_view> sentences;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    if (end > begin) sentences.push_back(text.substr(begin, end - begin));
    begin = end + separator.size();
  }
  return sentences;
}

std::vector<std::u32string> RougeWords(std::string_view sentence, const RougeOptions& options) {
  const std::u32string lowercased = ToLower(DecodeUtf8(sentence));
  if (options.tokenizer == RougeTokenizer::kEnglish) return EnglishWords(lowercased, options.stem);
  return BleuTokens(lowercased, BleuTokenizer::kZh);
}

}  // namespace dragoman
