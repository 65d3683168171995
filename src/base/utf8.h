// SPDX-License-Identifier: Apache-2.0
// What is valid UTF-8: the one test that every text passes before it reaches SentencePiece.
#ifndef DRAGOMAN_BASE_UTF8_H_
#define DRAGOMAN_BASE_UTF8_H_

#include <cstddef>
#include <string_view>

namespace dragoman {

// Returns the offset of the first byte that does not belong to a well-formed character (overlong forms, surrogates
// and code points above U+10FFFF are malformed), or npos when all of `text` is valid. Source: Unicode 15, table 3-7.
size_t FindInvalidUtf8(std::string_view text);

// Whether a file of these bytes, or one that begins so, is text: UTF-8 without control characters but white space.
bool LooksLikeText(std::string_view head);

inline bool IsValidUtf8(std::string_view text) { return FindInvalidUtf8(text) == std::string_view::npos; }

// Bytes of the character whose first byte is `lead`, 1 to 4, in valid UTF-8.
inline size_t Utf8Length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// The character that begins at text[at], in valid UTF-8.
char32_t CodePointAt(std::string_view text, size_t at);

// True for the second to fourth byte of a character.
inline bool IsUtf8Continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_UTF8_H_
