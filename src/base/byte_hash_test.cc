// SPDX-License-Identifier: Apache-2.0
#include "base/byte_hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace dragoman {
namespace {

std::string Sample(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 37 + i / 11);
  return bytes;
}

TEST(ByteHashTest, DoesNotDependOnHowTheBytesWereCut) {
  const std::string bytes = Sample(61);
  const uint64_t whole = HashBytes(bytes);
  for (size_t a = 0; a <= bytes.size(); ++a) {
    for (size_t b = a; b <= bytes.size(); b += 3) {
      ByteHash hash;
      hash.Add(std::string_view(bytes).substr(0, a));
      hash.Add(std::string_view(bytes).substr(a, b - a));
      hash.Add(std::string_view(bytes).substr(b));
      ASSERT_EQ(hash.Value(), whole) << a << " " << b;
    }
  }
}

TEST(ByteHashTest, EveryBitFlipAndEveryLengthGivesAnotherValue) {
  const std::string bytes = Sample(40);
  std::set<uint64_t> values;
  size_t tried = 0;
  for (size_t size = 0; size <= bytes.size(); ++size, ++tried) values.insert(HashBytes(bytes.substr(0, size)));
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit, ++tried) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    values.insert(HashBytes(changed));
  }
  EXPECT_EQ(values.size(), tried);
}

}  // namespace
}  // namespace dragoman
