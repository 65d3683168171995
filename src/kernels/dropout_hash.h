// SPDX-License-Identifier: Apache-2.0
// The counter-based random numbers (Salmon 2011) behind dropout's masks. Internal to dropout*; others ask
// DropoutFactor().
#ifndef DRAGOMAN_KERNELS_DROPOUT_HASH_H_
#define DRAGOMAN_KERNELS_DROPOUT_HASH_H_

#include <cmath>
#include <cstdint>

namespace dragoman::kernels {

// The multipliers of the 32-bit "lowbias32" finaliser, found by search for the least bias. Source: Wellons 2018.
constexpr uint32_t kDropoutMul1 = 0x7feb352d;
constexpr uint32_t kDropoutMul2 = 0x846ca68b;

// 32 bits for one element. The comparison below looks at the high bits, which depend on all bits of counter and key;
// that the low ones are weaker (the finaliser's last xor-shift is left out) does not show. Half of the key enters
// between the multiplications: otherwise two keys would give one sequence in two orders.
inline uint32_t DropoutHash(uint64_t key, uint32_t counter) {
  uint32_t x = counter ^ static_cast<uint32_t>(key);
  x = (x ^ (x >> 16)) * kDropoutMul1;
  x = x ^ (x >> 15) ^ static_cast<uint32_t>(key >> 32);
  return x * kDropoutMul2;
}

// An element is dropped when its hash, read as a signed number (vectors compare no others cheaply), is less than this.
inline int32_t DropoutThreshold(float rate) {
  return static_cast<int32_t>(std::llround((double{rate} - 0.5) * 4294967296.0));
}

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_DROPOUT_HASH_H_
