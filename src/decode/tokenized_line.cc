// SPDX-License-Identifier: Apache-2.0
#include "decode/tokenized_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/error.h"
#include "base/utf8.h"
#include "text/blank.h"

namespace dragoman {
namespace {

// Bytes of a line that are looked at, for each token that the model takes: many times what a piece is long. Without a
// bound one long line takes gigabytes, or minutes (SentencePiece joins runs of unknown characters in quadratic time).
constexpr int64_t kBytesPerToken = 64;

// At most `bytes` of the left, and no part of a character.
std::string_view LeftPart(std::string_view line, size_t bytes) {
  if (line.size() <= bytes) return line;
  size_t end = bytes;
  while (end > 0 && end + 3 > bytes && IsUtf8Continuation(line[end])) --end;
  return line.substr(0, end);
}

// Invalid bytes become U+FFFD, NUL a space; valid text comes back as it is.
std::string Repair(std::string_view line) {
  std::string repaired;
  std::string_view rest = line;
  while (!rest.empty()) {
    const size_t valid = std::min(FindInvalidUtf8(rest), rest.size());
    repaired += rest.substr(0, valid);
    if (valid < rest.size()) repaired += "\xEF\xBF\xBD";
    rest.remove_prefix(std::min(valid + 1, rest.size()));
  }
  std::replace(repaired.begin(), repaired.end(), '\0', ' ');
  return repaired;
}

void EncodeText(const Tokenizer& vocab, const std::string& line, int64_t max_len, TokenizedLine* tokenized) {
  const std::string_view left = LeftPart(line, static_cast<size_t>(max_len * kBytesPerToken));
  tokenized->truncated = left.size() < line.size();
  const std::string text = Repair(left);
  tokenized->repaired = text != left;
  tokenized->tokens = vocab.Encode(text);
  if (std::ranges::find(tokenized->tokens, vocab.unk_id()) != tokenized->tokens.end()) {
    tokenized->unknown = vocab.CountUnknown(text);
  }
}

// Calls visit(word) for what stands between spaces and tabs of a repaired line, until it says false.
template <class Visit>
void ForEachWord(std::string_view line, const Visit& visit) {
  constexpr std::string_view kBlanks = " \t";
  if (IsBlank(line)) return;
  for (size_t at = line.find_first_not_of(kBlanks); at != line.npos; at = line.find_first_not_of(kBlanks, at)) {
    const size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    if (!visit(line.substr(at, end - at))) return;
    at = end;
  }
}

int32_t IdIn(const Tokenizer& vocab, std::string_view word) {
  int32_t id = -1;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (error == std::errc() && end == word.data() + word.size() && vocab.Has(id)) return id;
  throw OptionError(fmt::format(
      "\"{}\" is not an id of {}, expected whole numbers from 0 to {} that it has, with spaces between; was the line "
      "made with another vocabulary, or is it no ids?",
      LeftPart(word, 64), vocab.path(), vocab.size() - 1));
}

// The token that a word is. Throws OptionError for one that is none of a sentence's own.
int32_t TokenOf(const Tokenizer& vocab, std::string_view word, LineForm form) {
  const int32_t token = form == LineForm::kIds ? IdIn(vocab, word) : vocab.Find(word).value_or(vocab.unk_id());
  if (token != vocab.eos_id()) return token;
  throw OptionError(fmt::format(
      "\"{}\" is what ends a sentence, expected the sentence's own tokens alone: the model's settings put around them "
      "what it wants there; leave it out",
      word));
}

int64_t UnknownIn(const Tokenizer& vocab, std::string_view word, LineForm form) {
  if (form == LineForm::kIds || word == vocab.Piece(vocab.unk_id())) return 1;
  return std::max<int64_t>(1, CharactersIn(word));
}

// The first `most` tokens of a line.
void ReadTokens(const Tokenizer& vocab, const std::string& line, size_t most, LineForm form, TokenizedLine* tokenized) {
  const std::string text = Repair(line);
  tokenized->repaired = text != line;
  ForEachWord(text, [&](std::string_view word) {
    const int32_t token = TokenOf(vocab, word, form);
    if (token == vocab.unk_id()) tokenized->unknown += UnknownIn(vocab, word, form);
    tokenized->tokens.push_back(token);
    return tokenized->tokens.size() < most;
  });
}

}  // namespace

TokenizedLine TokenizeLine(const Tokenizer& vocab, const std::string& line, int64_t max_len, LineForm form) {
  TokenizedLine tokenized;
  const size_t most = static_cast<size_t>(max_len) - vocab.sentence().size();
  if (form == LineForm::kText) {
    EncodeText(vocab, line, max_len, &tokenized);
  } else {
    ReadTokens(vocab, line, most + 1, form, &tokenized);  // one more shows that it is too long
  }
  if (tokenized.tokens.empty()) return tokenized;
  if (tokenized.tokens.size() > most) {
    tokenized.tokens.resize(most);
    tokenized.truncated = true;
  }
  vocab.sentence().Wrap(&tokenized.tokens);
  return tokenized;
}

void RequireTokens(const Tokenizer& vocab, const std::string& line, LineForm form, const std::string& side,
                   int64_t number) {
  if (form == LineForm::kText) return;
  try {
    ForEachWord(Repair(line), [&](std::string_view word) {
      TokenOf(vocab, word, form);
      return true;
    });
  } catch (const OptionError& error) {
    throw FileError(side, number, error.what());
  }
}

std::string LineOf(const Tokenizer& vocab, std::span<const int32_t> tokens, LineForm form) {
  if (form == LineForm::kText) return vocab.Decode(tokens);
  if (form == LineForm::kIds) return fmt::format("{}", fmt::join(tokens, " "));
  std::string line;
  for (const int32_t token : tokens) {
    if (!line.empty()) line += ' ';
    line += vocab.Piece(token);
  }
  return line;
}

}  // namespace dragoman
