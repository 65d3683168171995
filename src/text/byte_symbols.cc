// SPDX-License-Identifier: Apache-2.0
#include "text/byte_symbols.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/utf8.h"
#include "text/blank.h"

namespace dragoman {
namespace {

constexpr int kBytes = 256;
constexpr char32_t kSpaceMark = 0x2581;

bool StandsForItself(int byte) { return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD); }

struct SymbolTable {
  std::array<std::string, kBytes> of_byte;
  std::array<int, 2 * kBytes> byte_of{};  // by code point; -1: none

  SymbolTable() {
    byte_of.fill(-1);
    int next = kBytes;
    for (int byte = 0; byte < kBytes; ++byte) {
      const int c = StandsForItself(byte) ? byte : next++;
      byte_of[static_cast<size_t>(c)] = byte;
      std::string& symbol = of_byte[static_cast<size_t>(byte)];
      if (c < 0x80) {
        symbol = {static_cast<char>(c)};
      } else {
        symbol = {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
      }
    }
  }
};

const SymbolTable& Symbols() {
  static const SymbolTable kTable;
  return kTable;
}

// "<0xE2>", the name of a byte.
bool BeginsWithName(std::string_view text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
  return text.size() >= 6 && text.starts_with("<0x") && is_digit(text[3]) && is_digit(text[4]) && text[5] == '>';
}

// Bytes of a malformed character at the beginning of `bytes` that could have begun a well-formed one, 1 at least.
// Source: Unicode 15, table 3-7 and §3.9, "maximal subpart".
size_t MalformedLength(std::string_view bytes) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = at(0);
  if (lead < 0xC2 || lead > 0xF4) return 1;
  unsigned char low = 0x80, high = 0xBF;  // of the second byte
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  const size_t most = std::min(bytes.size(), Utf8Length(bytes[0]));
  size_t length = 1;
  while (length < most && at(length) >= low && at(length) <= high) {
    ++length;
    low = 0x80, high = 0xBF;
  }
  return length;
}

}  // namespace

const std::string& SymbolOfByte(unsigned char byte) { return Symbols().of_byte[byte]; }

std::string BytesOfSymbols(std::string_view symbols) {
  std::string bytes;
  for (size_t i = 0; i < symbols.size(); i += Utf8Length(symbols[i])) {
    const char32_t c = CodePointAt(symbols, i);
    const int byte = c < Symbols().byte_of.size() ? Symbols().byte_of[c] : -1;
    if (byte < 0) return std::string(symbols);
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

std::string PrintedBytes(std::string_view bytes) {
  std::string printed;
  for (size_t i = 0; i < bytes.size();) {
    const std::string_view character = bytes.substr(i, Utf8Length(bytes[i]));
    const char32_t c = IsValidUtf8(character) ? CodePointAt(character, 0) : 0;
    if (c == ' ') {
      printed += "\u2581";
    } else if (c == kSpaceMark || IsInvisible(c) || BeginsWithName(bytes.substr(i))) {
      printed += fmt::format("<0x{:02X}>", static_cast<unsigned char>(bytes[i]));
      ++i;  // the rest of a character is malformed alone
      continue;
    } else {
      printed += character;
    }
    i += character.size();
  }
  return printed;
}

std::string TextOfBytes(std::string_view bytes) {
  std::string text;
  while (true) {
    const size_t valid = std::min(FindInvalidUtf8(bytes), bytes.size());
    text += bytes.substr(0, valid);
    bytes.remove_prefix(valid);
    if (bytes.empty()) return text;
    text += "\uFFFD";
    bytes.remove_prefix(MalformedLength(bytes));
  }
}

}  // namespace dragoman
