// SPDX-License-Identifier: Apache-2.0
// x W + b, as inference computes it.
#ifndef DRAGOMAN_INFER_PROJECTION_H_
#define DRAGOMAN_INFER_PROJECTION_H_

#include <cstdint>
#include <span>
#include <vector>

#include "base/enum_names.h"
#include "dragoman/options.h"
#include "kernels/epilogue.h"
#include "kernels/gemm.h"
#include "kernels/packed_weight.h"
#include "tensor/flat_buffer.h"
#include "tensor/matrix.h"

namespace dragoman {

// All but f32: kernels/packed_weight.h.
const EnumNames<WeightFormat>& NamesOf(WeightFormat);  // "f32", "bf16", "f16", "int8"

// Weights that stand side by side, as Q, K and V do, are one product, and laid out for it when this is made: so it is
// many times faster than it is to make, and never changes. f32 weights are not copied, unless transposed.
class Projection {
 public:
  struct Part {
    ConstMatrix weight;           // [in, columns], or [columns, in] when transposed
    const float* bias = nullptr;  // [columns], or none
  };

  Projection() = default;
  // The memory of the parts must outlive this.
  Projection(WeightFormat format, std::span<const Part> parts, kernels::Transpose transpose = kernels::Transpose::kNo);

  // Of weights that are packed already, where they lie. bias [columns], or null.
  //   row_multipliers: of int8, what rows of x are rounded by (kernels/packed_weight.h): one for all columns, or one
  //   for each of so many parts of equal width, a multiple of kernels::kPanelColumns; none: each row has its own scale.
  Projection(const kernels::PackedWeight& packed, const float* bias, std::vector<float> row_multipliers = {});

  int64_t columns() const { return columns_; }
  WeightFormat format() const { return format_; }
  const kernels::PackedWeight& packed() const { return packed_; }  // of formats other than f32
  const ConstMatrix& weight() const;                               // [in, columns], of f32, where it is of one part
  const float* bias() const;                                       // [columns] or null; likewise of one part
  const std::vector<float>& row_multipliers() const { return row_multipliers_; }

  // y = x W + b, or max(0, that).   x [rows, in] -> y [rows, columns]
  void Apply(const ConstMatrix& x, const Matrix& y, bool relu = false) const;
  // y += x W + b.
  void Add(const ConstMatrix& x, const Matrix& y) const;

 private:
  void Multiply(const ConstMatrix& x, kernels::Epilogue epilogue, const Matrix& y) const;
  void MultiplyParts(const ConstMatrix& x, kernels::Epilogue epilogue, const Matrix& y) const;

  WeightFormat format_ = WeightFormat::kF32;
  std::vector<Part> parts_;  // f32: in turn, [in, columns] each
  int64_t columns_ = 0;
  kernels::PackedWeight packed_;  // of the other formats
  FlatBuffer memory_;             // f32: what was transposed; else: panels
  FlatBuffer bias_memory_, scales_;
  const float* bias_ = nullptr;
  std::vector<float> row_multipliers_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_INFER_PROJECTION_H_
