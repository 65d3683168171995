// SPDX-License-Identifier: Apache-2.0
// How byte-level vocabularies write bytes in their files, and how they are written here for people. A file has a
// visible character for each of the 256 bytes: ASCII and most of Latin-1 stand for their own numbers, the rest of the
// bytes, in order, for U+0100 and on: a space is U+0120. Source: GPT-2's bytes_to_unicode (Radford 2019, §2.2).
#ifndef DRAGOMAN_TEXT_BYTE_SYMBOLS_H_
#define DRAGOMAN_TEXT_BYTE_SYMBOLS_H_

#include <string>
#include <string_view>

namespace dragoman {

// The character that stands for a byte, in UTF-8.
const std::string& SymbolOfByte(unsigned char byte);

// The bytes that a string of such characters stands for. One with any other character in it stands for itself.
std::string BytesOfSymbols(std::string_view symbols);

// Bytes as text that can be printed between others, without blanks and invisible characters; two that differ are
// printed differently. A space is U+2581; what is UTF-8 and visible is itself; of all else each byte is <0xE2>, as
// SentencePiece names bytes, and so is the < of a text that looks like such a name.
std::string PrintedBytes(std::string_view bytes);

// The text of bytes: each beginning of a character that does not go on, and each byte that begins none, is U+FFFD, as
// Unicode 15, §3.9 recommends and Python's errors="replace" does.
std::string TextOfBytes(std::string_view bytes);

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_BYTE_SYMBOLS_H_
