// SPDX-License-Identifier: Apache-2.0
#include "kernels/reference/softmax.h"

#include <cmath>
#include <limits>
#include <vector>

namespace dragoman::kernels::reference {
namespace {

// log softmax(row)
std::vector<double> LogProbs(const ConstMatrix& x, int64_t r) {
  double max = -std::numeric_limits<double>::infinity(), sum = 0;
  for (int64_t c = 0; c < x.cols; ++c) max = std::fmax(max, x.At(r, c));
  for (int64_t c = 0; c < x.cols; ++c) sum += std::exp(x.At(r, c) - max);
  std::vector<double> log_probs(x.cols);
  for (int64_t c = 0; c < x.cols; ++c) log_probs[c] = x.At(r, c) - max - std::log(sum);
  return log_probs;
}

}  // namespace

void LogSoftmaxRows(const Matrix& x) {
  for (int64_t r = 0; r < x.rows; ++r) {
    const std::vector<double> log_probs = LogProbs(x, r);
    for (int64_t c = 0; c < x.cols; ++c) x.At(r, c) = static_cast<float>(log_probs[c]);
  }
}

CrossEntropySums CrossEntropyRows(const Matrix& logits, std::span<const int32_t> targets, float smoothing,
                                  float gradient_scale) {
  CrossEntropySums sums;
  const int64_t vocab = logits.cols;
  for (int64_t r = 0; r < logits.rows; ++r) {
    const std::vector<double> log_probs = LogProbs(logits, r);
    sums.nll -= log_probs[targets[r]];
    for (int64_t v = 0; v < vocab; ++v) {
      const double q = double{smoothing} / vocab + (v == targets[r] ? 1 - double{smoothing} : 0);
      if (q > 0) sums.loss -= q * log_probs[v];
      if (gradient_scale != 0) logits.At(r, v) = static_cast<float>(gradient_scale * (std::exp(log_probs[v]) - q));
    }
  }
  return sums;
}

}  // namespace dragoman::kernels::reference
