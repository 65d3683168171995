// SPDX-License-Identifier: Apache-2.0
// Several strings, of any bytes, as one that can be sent.
#ifndef DRAGOMAN_COMM_PACKED_STRINGS_H_
#define DRAGOMAN_COMM_PACKED_STRINGS_H_

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace dragoman {

inline std::string PackStrings(std::span<const std::string> strings) {
  std::string packed;
  for (const std::string& text : strings) {
    const uint64_t size = text.size();
    packed.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(text);
  }
  return packed;
}

// Only for what PackStrings made.
inline std::vector<std::string> UnpackStrings(std::string_view packed) {
  std::vector<std::string> strings;
  while (!packed.empty()) {
    uint64_t size = 0;
    DRAGOMAN_CHECK(packed.size() >= sizeof(size));
    std::memcpy(&size, packed.data(), sizeof(size));
    packed.remove_prefix(sizeof(size));
    DRAGOMAN_CHECK(packed.size() >= size);
    strings.emplace_back(packed.substr(0, size));
    packed.remove_prefix(size);
  }
  return strings;
}

}  // namespace dragoman

#endif  // DRAGOMAN_COMM_PACKED_STRINGS_H_
