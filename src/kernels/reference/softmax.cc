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

CrossEntropySums ConsistentCrossEntropyRows(const Matrix& first, const Matrix& second, std::span<const int32_t> targets,
                                            float smoothing, float weight, float gradient_scale) {
  CrossEntropySums sums;
  const int64_t vocab = first.cols;
  for (int64_t r = 0; r < first.rows; ++r) {
    const std::vector<double> log_p = LogProbs(first, r), log_q = LogProbs(second, r);
    double p_from_q = 0, q_from_p = 0;
    for (int64_t v = 0; v < vocab; ++v) {
      p_from_q += std::exp(log_p[v]) * (log_p[v] - log_q[v]);
      q_from_p += std::exp(log_q[v]) * (log_q[v] - log_p[v]);
    }
    sums.loss += 0.5 * double{weight} * (p_from_q + q_from_p);
    for (int64_t v = 0; v < vocab; ++v) {
      const double p = std::exp(log_p[v]), q = std::exp(log_q[v]), difference = log_p[v] - log_q[v];
      const double dp = p * (difference - p_from_q) + (p - q), dq = q * (-difference - q_from_p) + (q - p);
      const double wanted = double{smoothing} / vocab + (v == targets[r] ? 1 - double{smoothing} : 0);
      if (gradient_scale == 0) continue;
      first.At(r, v) = static_cast<float>(gradient_scale * (p - wanted + 0.5 * double{weight} * dp));
      second.At(r, v) = static_cast<float>(gradient_scale * (q - wanted + 0.5 * double{weight} * dq));
    }
    for (const std::vector<double>* const logs : {&log_p, &log_q}) {
      sums.nll -= (*logs)[targets[r]];
      for (int64_t v = 0; v < vocab; ++v) {
        const double wanted = double{smoothing} / vocab + (v == targets[r] ? 1 - double{smoothing} : 0);
        sums.loss -= wanted * (*logs)[v];
      }
    }
  }
  return sums;
}

}  // namespace dragoman::kernels::reference
