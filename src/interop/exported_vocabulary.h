// SPDX-License-Identifier: Apache-2.0
// A vocabulary of ours for programs that take tokens by name: a list of them, and what such a program does not know of
// a tokenizer, as lines for people.
#ifndef DRAGOMAN_INTEROP_EXPORTED_VOCABULARY_H_
#define DRAGOMAN_INTEROP_EXPORTED_VOCABULARY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "format/model_directory.h"

namespace dragoman {

// What </s> and <unk> are to be called.
struct SpecialNames {
  std::string eos, unk;
};

// The name of each row, no two the same: its piece, or the added token; RowName where it means nothing.
std::vector<std::string> TokensOf(const Tokenizer& tokenizer, int32_t rows, const SpecialNames& special);

// The tokens that stand around a sentence, for people: "\"eng_Latn\" \"</s>\""; a language that a user chooses is
// "(the source's language)". Of no tokens "nothing".
std::string NamesOfTokens(const Tokenizer& tokenizer, const std::vector<int32_t>& ids);

// What stands behind a sentence.
std::vector<int32_t> SuffixOf(const Tokenizer& tokenizer);

// Whether text becomes ids by the vocabulary's file alone: pieces are numbered as in it, and it is SentencePiece's.
bool IsPlainSentencePiece(const Tokenizer& tokenizer);
bool IsSentencePiece(const Tokenizer& tokenizer);

// Ids that our search never says, but for <unk>, of a target of so many rows.
std::vector<int32_t> NeverSaid(const Tokenizer& tgt, int32_t rows);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_EXPORTED_VOCABULARY_H_
