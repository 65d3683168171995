// SPDX-License-Identifier: Apache-2.0
// A 64-bit hash of bytes that arrive in parts: recognises a vocabulary or a corpus, guards a file against damage. Not
// meant to resist an adversary.
#ifndef DRAGOMAN_BASE_BYTE_HASH_H_
#define DRAGOMAN_BASE_BYTE_HASH_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dragoman {

// The value depends on all bytes and on nothing else: not on how they were cut into parts, nor on the machine's byte
// order. About 3 GB/s.
class ByteHash {
 public:
  void Add(std::string_view bytes);
  uint64_t Value() const;

 private:
  void AddWord(uint64_t word);
  uint64_t state_ = 0x6472616f6d616e31;
  uint64_t size_ = 0;
  unsigned char tail_[8] = {};  // the last size_ % 8 bytes
};

inline uint64_t HashBytes(std::string_view bytes) {
  ByteHash hash;
  hash.Add(bytes);
  return hash.Value();
}

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_BYTE_HASH_H_
