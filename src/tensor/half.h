// SPDX-License-Identifier: Apache-2.0
// Floats of two bytes, one at a time, rounded to nearest even.
#ifndef DRAGOMAN_TENSOR_HALF_H_
#define DRAGOMAN_TENSOR_HALF_H_

#include <bit>
#include <cmath>
#include <cstdint>

namespace dragoman {

// bfloat16: the upper half of an f32.
inline uint16_t Bf16FromFloat(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  if (std::isnan(x)) return static_cast<uint16_t>(bits >> 16 | 0x40);
  const uint32_t odd = bits >> 16 & 1;  // a tie goes up from here only
  return static_cast<uint16_t>((bits + 0x7fff + odd) >> 16);
}

inline float FloatFromBf16(uint16_t half) { return std::bit_cast<float>(static_cast<uint32_t>(half) << 16); }

// IEEE 754 binary16.
inline uint16_t F16FromFloat(float x) {
  const uint32_t sign = std::bit_cast<uint32_t>(x) >> 16 & 0x8000;
  const float magnitude = std::abs(x);
  uint32_t half;
  if (std::isnan(x)) {
    half = 0x7e00;
  } else if (magnitude >= 65520) {  // nearer to 65536, which is too large, than to the largest, 65504
    half = 0x7c00;
  } else if (magnitude < 0x1p-14f) {  // units of 2^-24: to add 1/2 leaves no room for smaller ones
    half = std::bit_cast<uint32_t>(magnitude + 0.5f) - std::bit_cast<uint32_t>(0.5f);
  } else {
    const auto bits = std::bit_cast<uint32_t>(magnitude);
    const uint32_t odd = bits >> 13 & 1;
    half = ((bits + 0xfff + odd) >> 13) - (uint32_t{127 - 15} << 10);
  }
  return static_cast<uint16_t>(sign | half);
}

inline float FloatFromF16(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 0x3ff;
  float magnitude;
  if (exponent == 0) {
    magnitude = static_cast<float>(fraction) * 0x1p-24f;
  } else {
    const uint32_t wide = exponent == 31 ? 255 : exponent + 127 - 15;
    magnitude = std::bit_cast<float>(wide << 23 | fraction << 13);
  }
  return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
}

}  // namespace dragoman

#endif  // DRAGOMAN_TENSOR_HALF_H_
