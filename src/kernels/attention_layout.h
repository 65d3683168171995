// SPDX-License-Identifier: Apache-2.0
// How attention's scratch is laid out. Internal to attention*.cc.
#ifndef DRAGOMAN_KERNELS_ATTENTION_LAYOUT_H_
#define DRAGOMAN_KERNELS_ATTENTION_LAYOUT_H_

#include <cstdint>

#include "kernels/attention.h"
#include "tensor/cache_line.h"

namespace dragoman::kernels {

constexpr int64_t kQueryBlock = 32;  // queries taken at a time: two of the longest vectors
constexpr int64_t kMaxLanes = 16;    // floats in the longest vector of any instruction set

// Of distance 0; null where there is no bias.
template <class Element>
Element* BiasOfHead(const ByDistance<Element>& bias, int64_t head) {
  return bias.at == nullptr ? nullptr : bias.at + head * bias.stride;
}

// Hands out scratch in pieces aligned to 64 bytes.
struct ScratchTaker {
  float* next;

  float* Take(int64_t floats) {
    float* taken = next;
    next += WholeLines(floats);
    return taken;
  }
};

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_ATTENTION_LAYOUT_H_
