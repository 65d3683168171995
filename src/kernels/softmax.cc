// SPDX-License-Identifier: Apache-2.0
#include "kernels/softmax.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/softmax.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/lanes-inl.h"
#include "kernels/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

void LogSoftmaxRows(const Matrix& x) {
  for (int64_t r = 0; r < x.rows; ++r) {
    float* const row = x.Row(r);
    const Normalizer normalizer = NormalizerOf(row, x.cols);
    const Floats shift = hn::Set(Tag(), normalizer.max), log_sum = hn::Set(Tag(), normalizer.log_sum);
    ForEachVector(x.cols, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
      lanes.Store(hn::Sub(hn::Sub(lanes.Load(row + i), shift), log_sum), row + i);
    });
  }
}

// Sum of e^z and, unless smoothing is 0 (then entries of -inf are no harm), sum of z; with kKeep, logits become e^z.
struct RowSums {
  double exp_sum;
  double z_sum;
};
template <bool kKeep>
HWY_INLINE RowSums SumRow(float* logits, int64_t vocab, float max, bool smooth) {
  Sums z_sums;
  const double exp_sum =
      SumOfExp(logits, vocab, max, [&](int64_t i, auto lanes, int part, Floats z, Floats e) DRAGOMAN_LANES {
        if constexpr (kKeep) lanes.Store(e, logits + i);
        z_sums.part[part] = hn::Add(z_sums.part[part], lanes.ZeroMissing(z));
      });
  return {exp_sum, smooth ? DoubleTotal(z_sums) : 0};
}

// With z = logits - max, all log p[v] = z[v] - log_sum, so that
//   loss = -(1 - smoothing) log p[target] - smoothing (average(z) - log_sum)
void CrossEntropyRow(float* logits, int64_t vocab, int32_t target, float smoothing, float gradient_scale,
                     CrossEntropySums& sums) {
  const float max = RowMax(logits, vocab);
  const float target_logit = logits[target];
  RowSums row;
  if (gradient_scale == 0) {
    row = SumRow<false>(logits, vocab, max, smoothing != 0);
  } else {
    row = SumRow<true>(logits, vocab, max, smoothing != 0);
    const Floats factor = hn::Set(Tag(), static_cast<float>(double{gradient_scale} / row.exp_sum));
    const Floats everywhere = hn::Set(Tag(), gradient_scale * smoothing / static_cast<float>(vocab));
    ForEachVector(vocab, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
      lanes.Store(hn::MulSub(lanes.Load(logits + i), factor, everywhere), logits + i);
    });
    logits[target] -= gradient_scale * (1.0f - smoothing);
  }
  const double log_sum = std::log(row.exp_sum);
  const double nll = log_sum - (double{target_logit} - double{max});
  const double average = row.z_sum / static_cast<double>(vocab);
  sums.nll += nll;
  sums.loss += (1.0 - double{smoothing}) * nll + double{smoothing} * (log_sum - average);
}

CrossEntropySums CrossEntropyRows(const Matrix& logits, std::span<const int32_t> targets, float smoothing,
                                  float gradient_scale) {
  CrossEntropySums sums;
  for (int64_t r = 0; r < logits.rows; ++r) {
    CrossEntropyRow(logits.Row(r), logits.cols, targets[r], smoothing, gradient_scale, sums);
  }
  return sums;
}

// What two rows of log-probabilities, log p and log q, say of their difference.
struct Divergence {
  double p_from_q = 0;  // KL(p || q)
  double q_from_p = 0;
  double p_sum = 0;  // of log p, for label smoothing
  double q_sum = 0;
};
HWY_INLINE Divergence CompareRows(const float* log_p, const float* log_q, int64_t vocab) {
  Sums p_from_q, q_from_p, p_sum, q_sum;
  ForEachVectorInParts(vocab, [&](int64_t i, auto lanes, int part) DRAGOMAN_LANES {
    const Floats p = lanes.LoadOr(log_p + i, 0.0f), q = lanes.LoadOr(log_q + i, 0.0f);
    const Floats difference = hn::Sub(p, q);
    p_from_q.part[part] = hn::MulAdd(Exp(p), difference, p_from_q.part[part]);
    q_from_p.part[part] = hn::NegMulAdd(Exp(q), difference, q_from_p.part[part]);
    p_sum.part[part] = hn::Add(p_sum.part[part], p);
    q_sum.part[part] = hn::Add(q_sum.part[part], q);
  });
  return {DoubleTotal(p_from_q), DoubleTotal(q_from_p), DoubleTotal(p_sum), DoubleTotal(q_sum)};
}

// d/dfirst of KL(p || q) is p (log p - log q - KL(p || q)), of KL(q || p) it is p - q; for second likewise.
void ConsistentCrossEntropyRow(float* first, float* second, int64_t vocab, int32_t target, float smoothing,
                               float weight, float gradient_scale, CrossEntropySums& sums) {
  const Divergence row = CompareRows(first, second, vocab);
  const double nll = -(double{first[target]} + double{second[target]});
  const double average = (row.p_sum + row.q_sum) / static_cast<double>(vocab);
  sums.nll += nll;
  sums.loss += (1.0 - double{smoothing}) * nll - double{smoothing} * average +
               0.5 * double{weight} * (row.p_from_q + row.q_from_p);
  if (gradient_scale == 0) return;
  const Floats scale = hn::Set(Tag(), gradient_scale);
  const Floats half = hn::Set(Tag(), 0.5f * weight * gradient_scale);
  const Floats everywhere = hn::Set(Tag(), gradient_scale * smoothing / static_cast<float>(vocab));
  const Floats p_shift = hn::Set(Tag(), static_cast<float>(row.p_from_q) - 1.0f);
  const Floats q_shift = hn::Set(Tag(), static_cast<float>(row.q_from_p) - 1.0f);
  ForEachVector(vocab, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
    const Floats log_p = lanes.Load(first + i), log_q = lanes.Load(second + i);
    const Floats p = Exp(log_p), q = Exp(log_q), difference = hn::Sub(log_p, log_q);
    const Floats for_p = hn::MulSub(p, hn::Sub(difference, p_shift), q);
    const Floats for_q = hn::NegMulSub(q, hn::Add(difference, q_shift), p);
    lanes.Store(hn::MulAdd(for_p, half, hn::MulSub(p, scale, everywhere)), first + i);
    lanes.Store(hn::MulAdd(for_q, half, hn::MulSub(q, scale, everywhere)), second + i);
  });
  first[target] -= gradient_scale * (1.0f - smoothing);
  second[target] -= gradient_scale * (1.0f - smoothing);
}

CrossEntropySums ConsistentCrossEntropyRows(const Matrix& first, const Matrix& second, std::span<const int32_t> targets,
                                            float smoothing, float weight, float gradient_scale) {
  LogSoftmaxRows(first);
  LogSoftmaxRows(second);
  CrossEntropySums sums;
  for (int64_t r = 0; r < first.rows; ++r) {
    ConsistentCrossEntropyRow(first.Row(r), second.Row(r), first.cols, targets[r], smoothing, weight, gradient_scale,
                              sums);
  }
  return sums;
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(LogSoftmaxRows);
HWY_EXPORT(CrossEntropyRows);
HWY_EXPORT(ConsistentCrossEntropyRows);

void LogSoftmaxRows(const Matrix& x) { HWY_DYNAMIC_DISPATCH(LogSoftmaxRows)(x); }

CrossEntropySums CrossEntropyRows(const Matrix& logits, std::span<const int32_t> targets, float smoothing,
                                  float gradient_scale) {
  return HWY_DYNAMIC_DISPATCH(CrossEntropyRows)(logits, targets, smoothing, gradient_scale);
}

CrossEntropySums ConsistentCrossEntropyRows(const Matrix& first, const Matrix& second, std::span<const int32_t> targets,
                                            float smoothing, float weight, float gradient_scale) {
  return HWY_DYNAMIC_DISPATCH(ConsistentCrossEntropyRows)(first, second, targets, smoothing, weight, gradient_scale);
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
