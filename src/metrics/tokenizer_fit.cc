// SPDX-License-Identifier: Apache-2.0
#include "metrics/tokenizer_fit.h"

#include <algorithm>
#include <string>

#include "metrics/unicode.h"

namespace dragoman {
namespace {

// Letters that a word has at most, as a mean over a line's words, where blanks part them.
constexpr double kLongHanWord = 3, kLongOtherWord = 10;  // Thai vowels and tone marks count as letters, too

struct Letters {
  int64_t spaced = 0, han = 0, kana = 0, other = 0;  // by Spacing

  int64_t unspaced() const { return han + kana + other; }
  double FewestWords() const {
    return static_cast<double>(han + kana) / kLongHanWord + static_cast<double>(other) / kLongOtherWord;
  }
};

Letters CountLetters(std::u32string_view text) {
  Letters letters;
  for (const char32_t c : text) {
    switch (SpacingOf(c)) {
      case Spacing::kHan:
        ++letters.han;
        break;
      case Spacing::kKana:
        ++letters.kana;
        break;
      case Spacing::kOtherUnspaced:
        ++letters.other;
        break;
      case Spacing::kSpaced:
        letters.spaced += IsLetter(c);
    }
  }
  return letters;
}

// Below U+0800 no script goes without blanks.
bool MayBeUnspaced(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0xE0; });
}

}  // namespace

void BleuTokenizerFit::Add(std::string_view reference) {
  if (reference.empty()) return;
  ++lines_;
  if (!MayBeUnspaced(reference)) return;
  const std::u32string text = DecodeUtf8(reference);
  const Letters letters = CountLetters(text);
  if (letters.unspaced() < 2 || 2 * letters.unspaced() < letters.spaced) return;  // a word or name in other text
  const std::vector<std::u32string> words = BleuTokens(text, tokenizer_);
  const auto found = std::ranges::count_if(words, [](const auto& word) { return CountLetters(word).unspaced() > 0; });
  if (found == letters.unspaced() || (found > 1 && static_cast<double>(found) >= letters.FewestWords())) return;
  ++whole_;
  han_ += letters.han;
  others_ += letters.kana + letters.other;
}

std::optional<BleuTokenizer> BleuTokenizerFit::Better() const {
  if (whole_ == 0 || 2 * whole_ < lines_) return std::nullopt;
  const bool is_chinese = 10 * others_ < han_;  // which Japanese is not
  return is_chinese && tokenizer_ != BleuTokenizer::kZh ? BleuTokenizer::kZh : BleuTokenizer::kChar;
}

void RougeTokenizerFit::Add(std::string_view reference) {
  chinese_.Add(reference);
  for (const char32_t c : DecodeUtf8(reference)) {
    letters_ += IsLetter(c);
    kept_ += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }
}

RougeRemedy RougeTokenizerFit::Remedy() const {
  if (tokenizer_ == RougeTokenizer::kEnglish && 2 * kept_ >= letters_) return RougeRemedy::kNone;
  if (chinese_.Better()) return RougeRemedy::kNoRouge;
  return tokenizer_ == RougeTokenizer::kEnglish ? RougeRemedy::kChinese : RougeRemedy::kNone;
}

}  // namespace dragoman
