// SPDX-License-Identifier: Apache-2.0
#include "autograd/ops.h"
#include "autograd/shape_check.h"
#include "autograd/tape.h"
#include "autograd/weight_product.h"
#include "kernels/elementwise.h"
#include "kernels/gemm.h"

namespace dragoman {

using kernels::Gemm;
using kernels::Transpose;

Variable Linear(Workspace& workspace, const Variable& x, const Parameter& weight, const Parameter* bias) {
  ExpectShape("Linear", &weight, x.cols(), weight.cols());
  ExpectShape("Linear", bias, 1, weight.cols());
  Variable y = workspace.New(x.rows(), weight.cols());  // [tokens, out]
  MultiplyByWeight(workspace, x.value(), weight, Transpose::kNo, y.writable());
  if (bias != nullptr) kernels::AddBias(y.writable(), bias->data);

  Record(workspace, y, [&weight, bias, x, y](Tape& tape) {
    const ConstMatrix dy = tape.Gradient(y);  // [tokens, out]
    const auto dx = tape.SlotFor(x);          // dx = dy W^T
    MultiplyByWeight(tape.workspace(), dy, weight, Transpose::kYes, dx.matrix, dx.accumulate);
    // dW += x^T dy, db += sum of rows
    Gemm(tape.workspace().precision(), x.value(), Transpose::kYes, dy, Transpose::kNo, tape.GradientMatrixOf(weight),
         true);
    if (bias != nullptr) kernels::AddColumnSums(dy, tape.GradientOf(*bias));
  });
  return y;
}

}  // namespace dragoman
