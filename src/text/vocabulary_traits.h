// SPDX-License-Identifier: Apache-2.0
// What a vocabulary says of itself: for people who look at it.
#ifndef DRAGOMAN_TEXT_VOCABULARY_TRAITS_H_
#define DRAGOMAN_TEXT_VOCABULARY_TRAITS_H_

#include <cstdint>
#include <string>

namespace dragoman {

struct VocabularyTraits {
  std::string type = "unigram";  // or "bpe", "word", "char", all of SentencePiece; "byte-bpe"; "words"
  int32_t user_defined = 0;
  int32_t unused = 0;
  int32_t bytes = 0;                   // 256 with byte fallback
  bool byte_fallback = false;          // characters without a piece become bytes, not <unk>
  int32_t longest = -1;                // id of the longest normal piece, by characters; -1 if there is none
  std::string normalization = "none";  // SentencePiece's name of the rules; "custom" where it has none
  bool adds_space_in_front = true;     // the first word looks like the others
  bool removes_extra_spaces = true;    // at both ends, and all but one in between
};

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_VOCABULARY_TRAITS_H_
