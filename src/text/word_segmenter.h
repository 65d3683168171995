// SPDX-License-Identifier: Apache-2.0
// The segmenter of a list of words: for models whose text comes cut into pieces, with spaces between, by whatever the
// user has for it (`das ist ein bei@@ spiel`, of subword-nmt). So have many of Marian.
#ifndef DRAGOMAN_TEXT_WORD_SEGMENTER_H_
#define DRAGOMAN_TEXT_WORD_SEGMENTER_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "text/segmenter.h"

namespace dragoman {

// How the first line of such a file begins; the version follows.
inline constexpr std::string_view kWordListMark = "#dragoman-words";

// From a file's bytes; `path` names it in messages. The first line is "#dragoman-words 1", each further one a piece, in
// the order of ids; each line ends in a line feed. <unk> and </s> must be there, <s> and <pad> may. Throws FormatError
// naming the line when it is not so, or when a piece is there twice, is empty, too long, not UTF-8, or holds ASCII
// white space or NUL, with which no text could have it.
//
// Encode looks up what ASCII white space parts; Decode puts a space between two pieces, and U+2047 in the place of
// <unk>. Text never becomes <s>, </s> or <pad>, but <unk>.
std::unique_ptr<const Segmenter> MakeWordSegmenter(std::string bytes, const std::string& path);

// The bytes of such a file, for importers. What the pieces must be, MakeWordSegmenter checks; none may hold a line
// feed.
std::string WordListOf(std::span<const std::string> pieces);

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_WORD_SEGMENTER_H_
