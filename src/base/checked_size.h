// SPDX-License-Identifier: Apache-2.0
// Sizes that come from files: their product, where it is one.
#ifndef DRAGOMAN_BASE_CHECKED_SIZE_H_
#define DRAGOMAN_BASE_CHECKED_SIZE_H_

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>

namespace dragoman {

// The product of sizes; nothing if one of them is negative, or if it is more than 64 bits hold. With a 0 among them it
// is 0, however large the others are; of none it is 1.
inline std::optional<int64_t> CheckedProduct(std::span<const int64_t> sizes) {
  if (std::ranges::any_of(sizes, [](int64_t size) { return size < 0; })) return std::nullopt;
  if (std::ranges::find(sizes, 0) != sizes.end()) return 0;
  int64_t product = 1;
  for (const int64_t size : sizes) {
    if (__builtin_mul_overflow(product, size, &product)) return std::nullopt;
  }
  return product;
}
inline std::optional<int64_t> CheckedProduct(std::initializer_list<int64_t> sizes) {
  return CheckedProduct(std::span(sizes.begin(), sizes.size()));
}

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_CHECKED_SIZE_H_
