// SPDX-License-Identifier: Apache-2.0
// Mixing of 64-bit integers: derives independent seeds and dropout keys from (seed, step, ...).
#ifndef DRAGOMAN_BASE_HASH_H_
#define DRAGOMAN_BASE_HASH_H_

#include <cstdint>

namespace dragoman {

// A bijection whose output bits each depend on all input bits (the finaliser of SplitMix64, Steele 2014).
inline uint64_t HashMix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Order matters: HashCombine(a, b) != HashCombine(b, a).
inline uint64_t HashCombine(uint64_t a, uint64_t b) { return HashMix(HashMix(a) ^ b); }

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_HASH_H_
