// SPDX-License-Identifier: Apache-2.0
// The dropout mask, a vector at a time, for kernels that apply it to what they compute.
// Included once per instruction set (Highway's foreach_target).
#include "kernels/dropout_hash.h"

#if defined(DRAGOMAN_KERNELS_DROPOUT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRAGOMAN_KERNELS_DROPOUT_INL_H_
#undef DRAGOMAN_KERNELS_DROPOUT_INL_H_
#else
#define DRAGOMAN_KERNELS_DROPOUT_INL_H_
#endif

#include <cstdint>

#include "hwy/highway.h"
#include "kernels/dropout.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// The factors of one mask: make one before the loop, ask it inside. D is a tag of floats.
//   const DropoutMask mask(d, dropout);
//   ... hn::Mul(x, mask.Factors(mask.Counters(row * cols + col)))
template <class D>
class DropoutMask {
 public:
  using Counter = hn::Rebind<uint32_t, D>;
  using CounterVec = hn::Vec<Counter>;

  HWY_INLINE DropoutMask(D d, const Dropout& dropout)
      : key_low_(hn::Set(Counter(), static_cast<uint32_t>(dropout.key))),
        key_high_(hn::Set(Counter(), static_cast<uint32_t>(dropout.key >> 32))),
        threshold_(hn::Set(Signed(), DropoutThreshold(dropout.rate))),
        kept_(hn::Set(d, 1.0f / (1.0f - dropout.rate))),
        lane_(hn::Iota(Counter(), 0)) {}

  // Counters first, first + 1, ..., modulo 2^32.
  HWY_INLINE CounterVec Counters(int64_t first) const {
    return hn::Add(hn::Set(Counter(), static_cast<uint32_t>(first)), lane_);
  }

  // Lane for lane what DropoutFactor() says.
  HWY_INLINE hn::Vec<D> Factors(CounterVec counters) const {
    const CounterVec hash = Hash(counters);
    const auto dropped = hn::Lt(hn::BitCast(Signed(), hash), threshold_);
    return hn::IfThenZeroElse(hn::RebindMask(D(), dropped), kept_);
  }

 private:
  using Signed = hn::Rebind<int32_t, D>;

  // DropoutHash(), step for step.
  HWY_INLINE CounterVec Hash(CounterVec counters) const {
    const Counter d;
    CounterVec x = hn::Xor(counters, key_low_);
    x = hn::Mul(hn::Xor(x, hn::ShiftRight<16>(x)), hn::Set(d, kDropoutMul1));
    x = hn::Xor(hn::Xor(x, hn::ShiftRight<15>(x)), key_high_);
    return hn::Mul(x, hn::Set(d, kDropoutMul2));
  }

  CounterVec key_low_, key_high_;
  hn::Vec<Signed> threshold_;
  hn::Vec<D> kept_;
  CounterVec lane_;  // 0, 1, 2, ...: Highway makes such a vector element by element, too slowly for a loop
};

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#endif  // DRAGOMAN_KERNELS_DROPOUT_INL_H_
