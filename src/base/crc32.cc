// SPDX-License-Identifier: Apache-2.0
#include "base/crc32.h"

#include <zlib.h>

#include <array>
#include <cstdio>

namespace dragoman {
namespace {

// Entry b is what the eight bits of byte b turn into: the remainder of its polynomial, bits reflected.
constexpr std::array<uint32_t, 256> MakeCastagnoliTable() {
  constexpr uint32_t kPolynomial = 0x82f63b78;
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? kPolynomial : 0);
    table[byte] = remainder;
  }
  return table;
}

}  // namespace

uint32_t Crc32(std::string_view bytes, uint32_t before) {
  if (bytes.empty()) return before;  // zlib would take a null pointer for "start again"
  return static_cast<uint32_t>(crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

uint32_t Crc32c(std::string_view bytes, uint32_t before) {
  static constexpr std::array<uint32_t, 256> kTable = MakeCastagnoliTable();
  uint32_t crc = ~before;
  for (const char c : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<uint8_t>(c)) & 0xff];
  return ~crc;
}

std::string Crc32Text(uint32_t crc) {
  char text[9];
  std::snprintf(text, sizeof text, "%08x", crc);
  return text;
}

}  // namespace dragoman
