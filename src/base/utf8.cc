// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace dragoman {
namespace {

// Length of the well-formed character at `p`, of which `left` bytes may be read; 0 when it is malformed.
size_t WellFormedLength(const unsigned char* p, size_t left) {
  const unsigned char lead = p[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;  // continuation, overlong, or above U+10FFFF
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (left < length) return 0;
  // The second byte's range is narrower after four of the leads; later bytes are always 80..BF.
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (lead == 0xE0) low = 0xA0;   // overlong
  if (lead == 0xED) high = 0x9F;  // surrogates
  if (lead == 0xF0) low = 0x90;   // overlong
  if (lead == 0xF4) high = 0x8F;  // above U+10FFFF
  if (p[1] < low || p[1] > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (p[i] < 0x80 || p[i] > 0xBF) return 0;
  }
  return length;
}

}  // namespace

size_t FindInvalidUtf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const size_t size = text.size();
  size_t i = 0;
  while (i < size) {
    // Most text is mostly ASCII: eight bytes at a time while no top bit is set.
    uint64_t eight = 0;
    while (i + 8 <= size && (std::memcpy(&eight, p + i, 8), (eight & 0x8080808080808080u) == 0)) i += 8;
    if (i == size) break;
    const size_t length = WellFormedLength(p + i, size - i);
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

bool LooksLikeText(std::string_view head) {
  constexpr size_t kCut = 3;  // bytes of a character that may be cut at the end
  const auto is_odd = [](char c) { return c == 0x7F || (c >= 0 && c < ' ' && (c < '\t' || c > '\r')); };
  const size_t bad = FindInvalidUtf8(head);
  return std::ranges::none_of(head, is_odd) &&
         (bad == std::string_view::npos || (bad > 0 && bad + kCut >= head.size()));
}

char32_t CodePointAt(std::string_view text, size_t at) {
  const auto bits = [&](size_t k, char32_t mask) { return static_cast<unsigned char>(text[at + k]) & mask; };
  switch (Utf8Length(text[at])) {
    case 1:
      return bits(0, 0x7F);
    case 2:
      return bits(0, 0x1F) << 6 | bits(1, 0x3F);
    case 3:
      return bits(0, 0x0F) << 12 | bits(1, 0x3F) << 6 | bits(2, 0x3F);
    default:
      return bits(0, 0x07) << 18 | bits(1, 0x3F) << 12 | bits(2, 0x3F) << 6 | bits(3, 0x3F);
  }
}

}  // namespace dragoman
