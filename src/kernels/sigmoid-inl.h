// SPDX-License-Identifier: Apache-2.0
// The logistic function. Included once per instruction set (Highway's foreach_target).
#if defined(DRAGOMAN_KERNELS_SIGMOID_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRAGOMAN_KERNELS_SIGMOID_INL_H_
#undef DRAGOMAN_KERNELS_SIGMOID_INL_H_
#else
#define DRAGOMAN_KERNELS_SIGMOID_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// s = 1 / (1 + e^-x) and 1 - s, both to all their digits, by way of e^-|x|, which cannot overflow.
struct Sigmoid {
  Floats value, rest;

  HWY_INLINE explicit Sigmoid(Floats x) {
    const Floats one = hn::Set(Tag(), 1.0f);
    const Floats e = Exp(hn::Neg(hn::Abs(x)));
    const Floats large = hn::Div(one, hn::Add(one, e)), small = hn::Mul(e, large);
    const auto negative = hn::Lt(x, hn::Zero(Tag()));
    value = hn::IfThenElse(negative, small, large);
    rest = hn::IfThenElse(negative, large, small);
  }
};

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#endif  // DRAGOMAN_KERNELS_SIGMOID_INL_H_
