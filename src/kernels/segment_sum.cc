// SPDX-License-Identifier: Apache-2.0
#include "kernels/segment_sum.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/segment_sum.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

// to += a * b
HWY_INLINE void MultiplyAdd(int64_t d, const float* a, const float* b, float* to) {
  ForEachVector(d, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
    lanes.Store(hn::MulAdd(lanes.Load(a + i), lanes.Load(b + i), lanes.Load(to + i)), to + i);
  });
}

// visit(segment, row, place) for every row of x.
template <class Visit>
HWY_INLINE void ForEachRow(const Packing& segments, int64_t places, const Visit& visit) {
  for (int64_t s = 0; s < segments.sentences(); ++s) {
    for (int64_t i = 0; i < segments.Length(s); ++i) visit(s, segments.Begin(s) + i, std::min(i, places - 1));
  }
}

void SegmentSumForward(const ConstMatrix& x, const ConstMatrix& places, const Packing& segments, const Matrix& out) {
  for (int64_t s = 0; s < out.rows; ++s) std::fill_n(out.Row(s), out.cols, 0.0f);
  ForEachRow(segments, places.rows, [&](int64_t s, int64_t row, int64_t place) DRAGOMAN_LANES {
    MultiplyAdd(x.cols, x.Row(row), places.Row(place), out.Row(s));
  });
}

void SegmentSumBackward(const ConstMatrix& x, const ConstMatrix& places, const Packing& segments,
                        const ConstMatrix& dout, const Matrix& dx, bool accumulate, const Matrix& dplaces) {
  ForEachRow(segments, places.rows, [&](int64_t s, int64_t row, int64_t place) DRAGOMAN_LANES {
    if (!accumulate) std::fill_n(dx.Row(row), dx.cols, 0.0f);
    MultiplyAdd(x.cols, dout.Row(s), places.Row(place), dx.Row(row));
    MultiplyAdd(x.cols, dout.Row(s), x.Row(row), dplaces.Row(place));
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(SegmentSumForward);
HWY_EXPORT(SegmentSumBackward);

void SegmentSumForward(const ConstMatrix& x, const ConstMatrix& places, const Packing& segments, const Matrix& out) {
  HWY_DYNAMIC_DISPATCH(SegmentSumForward)(x, places, segments, out);
}

void SegmentSumBackward(const ConstMatrix& x, const ConstMatrix& places, const Packing& segments,
                        const ConstMatrix& dout, const Matrix& dx, bool accumulate, const Matrix& dplaces) {
  HWY_DYNAMIC_DISPATCH(SegmentSumBackward)(x, places, segments, dout, dx, accumulate, dplaces);
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
