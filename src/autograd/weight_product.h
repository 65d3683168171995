// SPDX-License-Identifier: Apache-2.0
// Products with a weight on the right, as the ops' forward and backward passes call them.
#ifndef DRAGOMAN_AUTOGRAD_WEIGHT_PRODUCT_H_
#define DRAGOMAN_AUTOGRAD_WEIGHT_PRODUCT_H_

#include "autograd/parameter.h"
#include "autograd/workspace.h"
#include "kernels/gemm.h"

namespace dragoman {

// y = x op(weight), or y += x op(weight): in the workspace's precision, and from the packed weight where there is one.
inline void MultiplyByWeight(const Workspace& workspace, const ConstMatrix& x, const Parameter& weight,
                             kernels::Transpose transpose, const Matrix& y, bool accumulate = false) {
  const PackedWeights* const weights = workspace.packed_weights();
  const kernels::PackedFactor* const packed = weights != nullptr ? weights->Find(weight, transpose) : nullptr;
  if (packed != nullptr) {
    kernels::Gemm(x, kernels::Transpose::kNo, *packed, y, accumulate);
  } else {
    kernels::Gemm(workspace.precision(), x, kernels::Transpose::kNo, weight.value(), transpose, y, accumulate);
  }
}

}  // namespace dragoman

#endif  // DRAGOMAN_AUTOGRAD_WEIGHT_PRODUCT_H_
