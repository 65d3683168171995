// SPDX-License-Identifier: Apache-2.0
// Lexical shortlists of Marian's and Bergamot's, as text (lex.s2t) and binary (lex.50.50.ende.s2t.bin). Facts from
// marian-dev 1.12; what the files hold stands in docs/formats.md.
#ifndef DRAGOMAN_INTEROP_MARIAN_SHORTLIST_H_
#define DRAGOMAN_INTEROP_MARIAN_SHORTLIST_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "format/shortlist.h"

namespace dragoman {

inline constexpr int64_t kMostOfAWord = 1000;  // so that a file of any size takes little memory

// What is taken of a text. A binary file was made with limits of its own.
struct MarianShortlistLimits {
  int64_t frequent =
      100;  // target words that any source may become: those of the lowest ids, as the most frequent have
  int64_t per_word = 100;  // the likeliest translations of each source word, at most kMostOfAWord ...
  double threshold = 0;    // ... above this probability
};

// What the second eight bytes of the binary form hold: a sum of what follows them, 8 bytes at a time; what is left in
// the end it passes over.
uint64_t MarianShortlistChecksum(std::string_view file);

// Whether it is the binary form. Throws FileError.
bool IsBinaryMarianShortlist(FileSystem& files, const std::string& path);

// Of a model with these vocabularies, whose ids must be those that Marian gave them. Either form; the text may be gzip.
// Throws FileError, FormatError.
ShortlistTables ReadMarianShortlist(FileSystem& files, const std::string& path, const MarianShortlistLimits& limits,
                                    const VocabularyPair& vocabs);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_MARIAN_SHORTLIST_H_
