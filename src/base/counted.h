// SPDX-License-Identifier: Apache-2.0
#ifndef DRAGOMAN_BASE_COUNTED_H_
#define DRAGOMAN_BASE_COUNTED_H_

#include <cstdint>
#include <string>

namespace dragoman {

// "1 line", "2 lines": for messages.
inline std::string Counted(int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_COUNTED_H_
