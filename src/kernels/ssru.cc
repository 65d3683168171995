// SPDX-License-Identifier: Apache-2.0
#include "kernels/ssru.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ssru.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/lanes-inl.h"
#include "kernels/sigmoid-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

// before: c of the token before, or null for none. h may be x.
HWY_INLINE void StepRow(int64_t d, const float* forget, const float* x, const float* before, float* cell, float* h) {
  ForEachVector(d, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
    const Sigmoid f(lanes.Load(forget + i));
    Floats c = hn::Mul(f.rest, lanes.Load(x + i));
    if (before != nullptr) c = hn::MulAdd(f.value, lanes.Load(before + i), c);
    lanes.Store(c, cell + i);
    lanes.Store(hn::IfThenZeroElse(hn::Lt(c, hn::Zero(Tag())), c), h + i);
  });
}

void Forward(const Packing& packing, const ConstMatrix& forget, const ConstMatrix& x, const Matrix& cells,
             const Matrix& h) {
  for (int64_t s = 0; s < packing.sentences(); ++s) {
    const int64_t begin = packing.Begin(s), end = begin + packing.Length(s);
    for (int64_t t = begin; t < end; ++t) {
      StepRow(x.cols, forget.Row(t), x.Row(t), t > begin ? cells.Row(t - 1) : nullptr, cells.Row(t), h.Row(t));
    }
  }
}

// From the last token to the first; what flows back through c is kept in the row of dx before it is dx.
void Backward(const Packing& packing, const ConstMatrix& forget, const ConstMatrix& x, const ConstMatrix& cells,
              const ConstMatrix& dh, const Matrix& dforget, const Matrix& dx) {
  for (int64_t s = 0; s < packing.sentences(); ++s) {
    const int64_t begin = packing.Begin(s), end = begin + packing.Length(s);
    for (int64_t t = end - 1; t >= begin; --t) {
      const bool is_first = t == begin, is_last = t == end - 1;
      ForEachVector(x.cols, [&](int64_t i, auto lanes) DRAGOMAN_LANES {
        const Tag d;
        const Sigmoid f(lanes.Load(forget.Row(t) + i));
        const Floats c = lanes.Load(cells.Row(t) + i);
        const Floats through_h = hn::IfThenElseZero(hn::Gt(c, hn::Zero(d)), lanes.Load(dh.Row(t) + i));
        const Floats dc = is_last ? through_h : hn::Add(through_h, lanes.Load(dx.Row(t) + i));
        const Floats before = is_first ? hn::Zero(d) : lanes.Load(cells.Row(t - 1) + i);
        const Floats slope = hn::Mul(f.value, f.rest);
        lanes.Store(hn::Mul(hn::Mul(dc, slope), hn::Sub(before, lanes.Load(x.Row(t) + i))), dforget.Row(t) + i);
        lanes.Store(hn::Mul(dc, f.rest), dx.Row(t) + i);
        if (!is_first) lanes.Store(hn::Mul(dc, f.value), dx.Row(t - 1) + i);
      });
    }
  }
}

void Step(std::span<const int32_t> parents, const ConstMatrix& forget, const ConstMatrix& x, const ConstMatrix& before,
          const Matrix& cells, const Matrix& h) {
  for (int64_t r = 0; r < x.rows; ++r) {
    const int32_t parent = parents[r];
    StepRow(x.cols, forget.Row(r), x.Row(r), parent < 0 ? nullptr : before.Row(parent), cells.Row(r), h.Row(r));
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(Forward);
HWY_EXPORT(Backward);
HWY_EXPORT(Step);

void SsruForward(const Packing& packing, const ConstMatrix& forget, const ConstMatrix& x, const Matrix& cells,
                 const Matrix& h) {
  HWY_DYNAMIC_DISPATCH(Forward)(packing, forget, x, cells, h);
}

void SsruBackward(const Packing& packing, const ConstMatrix& forget, const ConstMatrix& x, const ConstMatrix& cells,
                  const ConstMatrix& dh, const Matrix& dforget, const Matrix& dx) {
  HWY_DYNAMIC_DISPATCH(Backward)(packing, forget, x, cells, dh, dforget, dx);
}

void SsruStep(std::span<const int32_t> parents, const ConstMatrix& forget, const ConstMatrix& x,
              const ConstMatrix& before, const Matrix& cells, const Matrix& h) {
  HWY_DYNAMIC_DISPATCH(Step)(parents, forget, x, before, cells, h);
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
