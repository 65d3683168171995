// SPDX-License-Identifier: Apache-2.0
#include "kernels/elementwise.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/elementwise.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

void AddBias(const Matrix& m, const float* bias) {
  for (int64_t r = 0; r < m.rows; ++r) {
    float* const row = m.Row(r);
    ForEachVector(m.cols, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
      lanes.Store(hn::Add(lanes.Load(row + i), lanes.Load(bias + i)), row + i);
    });
  }
}

// Four rows per pass over out, one after the other in each lane: the same sum as row by row.
void AddColumnSums(const ConstMatrix& m, float* out) {
  int64_t r = 0;
  for (; r + 4 <= m.rows; r += 4) {
    const float* const row0 = m.Row(r);
    const float* const row1 = m.Row(r + 1);
    const float* const row2 = m.Row(r + 2);
    const float* const row3 = m.Row(r + 3);
    ForEachVector(m.cols, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
      Floats sum = hn::Add(lanes.Load(out + i), lanes.Load(row0 + i));
      sum = hn::Add(hn::Add(sum, lanes.Load(row1 + i)), lanes.Load(row2 + i));
      lanes.Store(hn::Add(sum, lanes.Load(row3 + i)), out + i);
    });
  }
  for (; r < m.rows; ++r) {
    const float* const row = m.Row(r);
    ForEachVector(m.cols, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
      lanes.Store(hn::Add(lanes.Load(out + i), lanes.Load(row + i)), out + i);
    });
  }
}

void AddTo(const float* x, int64_t n, float* y) {
  ForEachVector(n, [=](int64_t i, auto lanes)
                       DRAGOMAN_LANES { lanes.Store(hn::Add(lanes.Load(y + i), lanes.Load(x + i)), y + i); });
}

void Scale(float* x, int64_t n, float factor) {
  const Floats factors = hn::Set(Tag(), factor);
  ForEachVector(n,
                [=](int64_t i, auto lanes) DRAGOMAN_LANES { lanes.Store(hn::Mul(lanes.Load(x + i), factors), x + i); });
}

// Vectors of doubles, four chains of them, each fed from half a vector of floats.
double SumOfSquares(const float* x, int64_t n) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> half;
  using Doubles = hn::Vec<decltype(d)>;
  const int64_t step = hn::Lanes(d);
  Doubles chain[kChains] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  int64_t i = 0;
  for (; i + kChains * step <= n; i += kChains * step) {
    for (int c = 0; c < kChains; ++c) {
      const Doubles v = hn::PromoteTo(d, hn::LoadU(half, x + i + c * step));
      chain[c] = hn::MulAdd(v, v, chain[c]);
    }
  }
  double sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(chain[0], chain[1]), hn::Add(chain[2], chain[3]))));
  for (; i < n; ++i) sum += double{x[i]} * double{x[i]};
  return sum;
}

void MovingAverage(const float* x, int64_t n, float decay, float* average) {
  const Floats keep = hn::Set(Tag(), decay), take = hn::Set(Tag(), 1.0f - decay);
  ForEachVector(n, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
    lanes.Store(hn::MulAdd(keep, lanes.Load(average + i), hn::Mul(take, lanes.Load(x + i))), average + i);
  });
}

// 0 * x is NaN for infinities and NaN, and 0 otherwise.
bool AllFinite(const float* x, int64_t n) {
  Sums zeros;
  ForEachVectorInParts(n, [&](int64_t i, auto lanes, int part) DRAGOMAN_LANES {
    zeros.part[part] = hn::MulAdd(lanes.Load(x + i), hn::Zero(Tag()), zeros.part[part]);
  });
  return zeros.Total() == 0.0f;
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(AddBias);
HWY_EXPORT(AddColumnSums);
HWY_EXPORT(AddTo);
HWY_EXPORT(Scale);
HWY_EXPORT(SumOfSquares);
HWY_EXPORT(MovingAverage);
HWY_EXPORT(AllFinite);

void Copy(const ConstMatrix& from, const Matrix& to) {
  for (int64_t r = 0; r < from.rows; ++r) std::copy_n(from.Row(r), from.cols, to.Row(r));
}

void CopyTransposed(const ConstMatrix& from, const Matrix& to) {
  for (int64_t r = 0; r < from.rows; ++r) {
    for (int64_t c = 0; c < from.cols; ++c) to.At(c, r) = from.At(r, c);
  }
}

void SelectColumns(const ConstMatrix& from, std::span<const int32_t> columns, const Matrix& to) {
  for (int64_t r = 0; r < from.rows; ++r) {
    const float* const row = from.Row(r);
    std::ranges::transform(columns, to.Row(r), [row](int32_t column) { return row[column]; });
  }
}

void AddRows(const ConstMatrix& from, const Matrix& to) {
  for (int64_t r = 0; r < from.rows; ++r) HWY_DYNAMIC_DISPATCH(AddTo)(from.Row(r), from.cols, to.Row(r));
}

void AddBias(const Matrix& m, const float* bias) { HWY_DYNAMIC_DISPATCH(AddBias)(m, bias); }

void AddColumnSums(const ConstMatrix& m, float* out) { HWY_DYNAMIC_DISPATCH(AddColumnSums)(m, out); }

void AddTo(std::span<const float> x, std::span<float> y) {
  HWY_DYNAMIC_DISPATCH(AddTo)(x.data(), static_cast<int64_t>(x.size()), y.data());
}

void Scale(std::span<float> x, float factor) {
  HWY_DYNAMIC_DISPATCH(Scale)(x.data(), static_cast<int64_t>(x.size()), factor);
}

double SumOfSquares(std::span<const float> x) {
  return HWY_DYNAMIC_DISPATCH(SumOfSquares)(x.data(), static_cast<int64_t>(x.size()));
}

void MovingAverage(std::span<const float> x, float decay, std::span<float> average) {
  HWY_DYNAMIC_DISPATCH(MovingAverage)(x.data(), static_cast<int64_t>(x.size()), decay, average.data());
}

bool AllFinite(std::span<const float> x) {
  return HWY_DYNAMIC_DISPATCH(AllFinite)(x.data(), static_cast<int64_t>(x.size()));
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
