// SPDX-License-Identifier: Apache-2.0
// How kernels ask for memory that they will need soon.
#ifndef DRAGOMAN_KERNELS_PREFETCH_H_
#define DRAGOMAN_KERNELS_PREFETCH_H_

#include "hwy/base.h"

namespace dragoman::kernels {

// Asks for a cache line, which may lie outside of anything: a hint never faults. It comes into the second-level cache,
// for what the kernel works with meanwhile fills the first: they would drive each other out.
// Always inline: GCC drops calls of functions that do nothing but this, as if they had no effect.
HWY_INLINE void Prefetch(const float* line) { __builtin_prefetch(line, /*rw=*/0, /*locality=*/2); }

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_PREFETCH_H_
