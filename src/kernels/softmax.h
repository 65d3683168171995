// SPDX-License-Identifier: Apache-2.0
// Log-softmax and the label-smoothed cross-entropy with its gradient, row by row.
#ifndef DRAGOMAN_KERNELS_SOFTMAX_H_
#define DRAGOMAN_KERNELS_SOFTMAX_H_

#include <cstdint>
#include <span>

#include "tensor/matrix.h"

namespace dragoman::kernels {

// Each row of x becomes log(softmax(row)). NaN in a row makes the whole row NaN (never a wrong number).
void LogSoftmaxRows(const Matrix& x);

struct CrossEntropySums {
  double loss = 0;  // sum over rows of the label-smoothed loss, natural logarithm
  double nll = 0;   // sum over rows of -log p(target)

  CrossEntropySums& operator+=(const CrossEntropySums& other) {
    loss += other.loss;
    nll += other.nll;
    return *this;
  }
};

// Label-smoothed cross-entropy. Source: Szegedy 2016, §7; Vaswani 2017, §5.4.
//   loss(row) = -sum_v q[v] log p[v],  q = smoothing / vocab everywhere, plus 1 - smoothing at the target
//   (the convention of PyTorch's CrossEntropyLoss(label_smoothing)).
//   logits [rows, vocab]; targets [rows], each in [0, vocab).
// When gradient_scale is not 0, logits are overwritten with gradient_scale * dloss/dlogits
// = gradient_scale * (p - q); when it is 0 they are left as they are. Returns the sums over rows.
CrossEntropySums CrossEntropyRows(const Matrix& logits, std::span<const int32_t> targets, float smoothing,
                                  float gradient_scale);

// The same of two rows for each target, and weight/2 times the divergences between what they say, in both directions.
// Source: Wu 2021 (R-Drop), §2.1, Eq. 2 to 4.
//   loss(row) = CrossEntropy(first) + CrossEntropy(second) + weight/2 (KL(p || q) + KL(q || p)),
//   p = softmax(first), q = softmax(second).   nll: of both, too.
// Both are overwritten, with their gradients when gradient_scale is not 0.
CrossEntropySums ConsistentCrossEntropyRows(const Matrix& first, const Matrix& second, std::span<const int32_t> targets,
                                            float smoothing, float weight, float gradient_scale);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_SOFTMAX_H_
