// SPDX-License-Identifier: Apache-2.0
#include "decode/tokenized_line.h"

#include <algorithm>
#include <string_view>

#include "base/utf8.h"

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

}  // namespace

TokenizedLine TokenizeLine(const Tokenizer& vocab, const std::string& line, int64_t max_len) {
  TokenizedLine tokenized;
  const std::string_view left = LeftPart(line, static_cast<size_t>(max_len * kBytesPerToken));
  tokenized.truncated = left.size() < line.size();
  const std::string text = Repair(left);
  tokenized.repaired = text != left;
  tokenized.tokens = vocab.Encode(text);
  if (tokenized.tokens.empty()) return tokenized;
  if (std::ranges::find(tokenized.tokens, vocab.unk_id()) != tokenized.tokens.end()) {
    tokenized.unknown = vocab.CountUnknown(text);
  }
  const size_t most = static_cast<size_t>(max_len) - vocab.sentence().size();
  if (tokenized.tokens.size() > most) {
    tokenized.tokens.resize(most);
    tokenized.truncated = true;
  }
  vocab.sentence().Wrap(&tokenized.tokens);
  return tokenized;
}

}  // namespace dragoman
