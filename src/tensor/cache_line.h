// SPDX-License-Identifier: Apache-2.0
#ifndef DRAGOMAN_TENSOR_CACHE_LINE_H_
#define DRAGOMAN_TENSOR_CACHE_LINE_H_

#include <cstdint>

namespace dragoman {

inline constexpr int64_t kLineFloats = 16;  // of 64 bytes, as on every processor that we know

// So many floats, and those that fill up the last line.
constexpr int64_t WholeLines(int64_t floats) { return (floats + kLineFloats - 1) / kLineFloats * kLineFloats; }

}  // namespace dragoman

#endif  // DRAGOMAN_TENSOR_CACHE_LINE_H_
