// SPDX-License-Identifier: Apache-2.0
#include "interop/exported_vocabulary.h"

#include <fmt/format.h>

#include <set>

#include "interop/vocabulary_parts.h"
#include "text/segmenter.h"

namespace dragoman {

std::vector<std::string> TokensOf(const Tokenizer& tokenizer, int32_t rows, const SpecialNames& special) {
  std::vector<std::string> tokens;
  std::set<std::string> seen = {special.eos, special.unk};
  for (int32_t id = 0; id < rows; ++id) {
    const bool is_special = id == tokenizer.eos_id() || id == tokenizer.unk_id();
    if (is_special) {
      tokens.push_back(id == tokenizer.eos_id() ? special.eos : special.unk);
      continue;
    }
    std::string name = tokenizer.Has(id) ? tokenizer.Piece(id) : RowName(id);
    while (!seen.insert(name).second) name.insert(0, RowName(id));  // a piece that is called so
    tokens.push_back(std::move(name));
  }
  return tokens;
}

std::string NamesOfTokens(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  if (ids.empty()) return "nothing";
  std::vector<std::string> names;
  for (const int32_t id : ids) {
    names.push_back(id == kSrcLanguage   ? "(the source's language)"
                    : id == kTgtLanguage ? "(the target's language)"
                                         : fmt::format("\"{}\"", tokenizer.Piece(id)));
  }
  return fmt::format("{}", fmt::join(names, " "));
}

std::vector<int32_t> SuffixOf(const Tokenizer& tokenizer) {
  return tokenizer.settings().suffix.value_or(std::vector<int32_t>{tokenizer.eos_id()});
}

bool IsSentencePiece(const Tokenizer& tokenizer) {
  return KindOfVocabulary(tokenizer.serialized()) == VocabularyKind::kSentencePiece;
}

bool IsPlainSentencePiece(const Tokenizer& tokenizer) {
  return IsSentencePiece(tokenizer) && tokenizer.settings().ids.empty() && tokenizer.settings().added.empty();
}

std::vector<int32_t> NeverSaid(const Tokenizer& tgt, int32_t rows) {
  std::vector<int32_t> ids;
  const std::vector<int32_t>& named = tgt.settings().banned;
  const std::set<int32_t> banned(named.begin(), named.end());
  for (int32_t id = 0; id < rows; ++id) {
    if (!tgt.HasPiece(id) || banned.contains(id)) ids.push_back(id);
  }
  return ids;
}

}  // namespace dragoman
