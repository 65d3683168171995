// SPDX-License-Identifier: Apache-2.0
#include "metrics/squad.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/check.h"
#include "metrics/unicode.h"

namespace dragoman {
namespace {

using Words = std::vector<std::u32string>;

bool IsAsciiPunctuation(char32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

// What a regular expression's \w is: an article ends where there is none.
bool IsWordCharacter(char32_t c) { return IsLetter(c) || IsNumber(c) || c == '_'; }

bool IsArticle(std::u32string_view word) { return word == U"a" || word == U"an" || word == U"the"; }

std::u32string WithoutArticles(std::u32string_view text) {
  std::u32string result;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    while (end < text.size() && IsWordCharacter(text[end])) ++end;
    const std::u32string_view word = text.substr(begin, end - begin);
    result += IsArticle(word) ? U" " : word;
    if (end < text.size()) result += text[end++];
    begin = end;
  }
  return result;
}

double F1(const Words& answer, const Words& reference) {
  if (answer.empty() || reference.empty()) return answer == reference ? 1 : 0;
  std::map<std::u32string, int> left;
  for (const std::u32string& word : reference) ++left[word];
  int same = 0;
  for (const std::u32string& word : answer) same += left[word]-- > 0 ? 1 : 0;
  if (same == 0) return 0;
  const double precision = same / static_cast<double>(answer.size());
  const double recall = same / static_cast<double>(reference.size());
  return 2 * precision * recall / (precision + recall);
}

}  // namespace

std::vector<std::u32string> SquadWords(std::string_view answer) {
  std::u32string text = ToLower(DecodeUtf8(answer));
  std::erase_if(text, IsAsciiPunctuation);
  text = WithoutArticles(text);
  const std::vector<std::u32string_view> words = SplitAtSpaces(text);
  return {words.begin(), words.end()};
}

Stats SquadMetric::SentenceStats(std::string_view hypothesis, std::span<const std::string_view> references) const {
  DRAGOMAN_CHECK(!references.empty());
  std::vector<Words> answers;
  for (const std::string_view reference : references) {
    Words words = SquadWords(reference);
    if (!words.empty()) answers.push_back(std::move(words));
  }
  if (answers.empty()) answers.emplace_back();
  const Words words = SquadWords(hypothesis);
  Stats row = {0, 0, 1};
  for (const Words& answer : answers) {
    row[0] = std::max(row[0], words == answer ? 1.0 : 0.0);
    row[1] = std::max(row[1], F1(words, answer));
  }
  return row;
}

std::vector<double> SquadMetric::Scores(std::span<const double> sum) const {
  const double answers = std::max(sum[2], 1.0);
  return {100 * sum[0] / answers, 100 * sum[1] / answers};
}

std::vector<ScoreName> SquadMetric::ScoreNames() const {
  return {{"SQuAD exact match", "exact_match"}, {"SQuAD F1", "f1"}};
}

std::string SquadMetric::Signature(int num_references) const {
  return fmt::format("nrefs:{}|norm:squad|version:dragoman-{}", num_references, DRAGOMAN_VERSION);
}

}  // namespace dragoman
