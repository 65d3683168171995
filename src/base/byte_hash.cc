// SPDX-License-Identifier: Apache-2.0
#include "base/byte_hash.h"

#include <bit>
#include <cstring>

#include "base/hash.h"

namespace dragoman {
namespace {

uint64_t LoadLittleEndian(const void* p) {
  uint64_t word = 0;
  std::memcpy(&word, p, sizeof(word));
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

}  // namespace

void ByteHash::AddWord(uint64_t word) {
  state_ = (state_ ^ word) * 0x9e3779b97f4a7c15;  // odd, so a bijection: no earlier difference is ever lost
  state_ ^= state_ >> 32;
}

void ByteHash::Add(std::string_view bytes) {
  const char* p = bytes.data();
  size_t left = bytes.size();
  const size_t held = size_ % 8;
  size_ += left;
  if (held > 0) {
    const size_t wanted = 8 - held < left ? 8 - held : left;
    std::memcpy(tail_ + held, p, wanted);
    p += wanted;
    left -= wanted;
    if (held + wanted < 8) return;
    AddWord(LoadLittleEndian(tail_));
  }
  for (; left >= 8; p += 8, left -= 8) AddWord(LoadLittleEndian(p));
  if (left > 0) std::memcpy(tail_, p, left);
}

uint64_t ByteHash::Value() const {
  ByteHash last = *this;
  unsigned char padded[8] = {};
  std::memcpy(padded, tail_, size_ % 8);
  last.AddWord(LoadLittleEndian(padded));
  return HashCombine(last.state_, size_);
}

}  // namespace dragoman
