// SPDX-License-Identifier: Apache-2.0
#include "infer/projection_subset.h"

#include "base/check.h"
#include "kernels/elementwise.h"

namespace dragoman {

ProjectionSubset::ProjectionSubset(const Projection& whole, std::span<const int32_t> columns, BufferPool& pool)
    : columns_(static_cast<int64_t>(columns.size())) {
  if (whole.bias() != nullptr) {
    bias_ = PooledMatrix(pool, 1, columns_);
    kernels::SelectColumns({whole.bias(), 1, whole.columns()}, columns, bias_.view());
  }
  if (whole.format() == WeightFormat::kF32) {
    weight_ = PooledMatrix(pool, whole.weight().rows, columns_);
    kernels::SelectColumns(whole.weight(), columns, weight_.view());
    return;
  }
  const kernels::PackedWeight& from = whole.packed();
  weight_ = PooledMatrix(pool, 1, (kernels::PanelBytes(from.format, from.k, columns_) + 3) / 4);  // floats
  if (from.scales != nullptr) scales_ = PooledMatrix(pool, 1, columns_);
  auto* const panels = reinterpret_cast<uint8_t*>(weight_.view().data);
  kernels::SelectColumns(from, columns, panels, scales_.view().data);
  packed_ = {from.format, panels, scales_.view().data, from.k, columns_, from.row_multiplier};
}

void ProjectionSubset::Apply(const ConstMatrix& x, const Matrix& y) const {
  DRAGOMAN_CHECK(y.cols == columns_ && y.rows == x.rows);
  const kernels::Epilogue epilogue{.bias = bias_.view().data};
  if (packed_.panels != nullptr) {
    kernels::Gemm(x, packed_, epilogue, y);
    return;
  }
  kernels::Gemm(x, kernels::Transpose::kNo, weight_.view(), kernels::Transpose::kNo, y);
  kernels::FinishProduct(epilogue, y);
}

}  // namespace dragoman
