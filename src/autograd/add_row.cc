// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "autograd/ops.h"
#include "autograd/shape_check.h"
#include "autograd/tape.h"
#include "base/check.h"
#include "kernels/elementwise.h"

namespace dragoman {

Variable AddRow(Workspace& workspace, const Variable& x, const Parameter& table, int64_t row) {
  ExpectShape("AddRow", &table, table.rows(), x.cols());
  DRAGOMAN_CHECK(row >= 0 && row < table.rows());
  Variable y = workspace.New(x.rows(), x.cols());
  std::copy_n(x.value().data, x.value().size(), y.writable().data);
  kernels::AddBias(y.writable(), table.value().Row(row));
  Record(workspace, y, [&table, row, x, y](Tape& tape) {
    kernels::AddColumnSums(tape.Gradient(y), tape.GradientMatrixOf(table).Row(row));
    tape.PassGradient(y, x);
  });
  return y;
}

}  // namespace dragoman
