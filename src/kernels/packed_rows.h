// SPDX-License-Identifier: Apache-2.0
// What gemm_int8.cc and gemm_half.cc do for packed_weight.cc. Internal to kernels/.
#ifndef DRAGOMAN_KERNELS_PACKED_ROWS_H_
#define DRAGOMAN_KERNELS_PACKED_ROWS_H_

#include <cstdint>

#include "kernels/packed_weight.h"

namespace dragoman::kernels {

// Rows of activations [rows, k], rounded as their format wants it and cut into steps; what fills up the last is 0.
struct PackedRows {
  void* values = nullptr;   // [rows, steps] of 4 int8, of 2 bf16, or of an f32
  int64_t steps = 0;        // of a row
  float* scales = nullptr;  // [rows], int8 only: element (r, i) is about value * scales[r]
  int32_t* sums = nullptr;  // [rows], int8 only: of a row's values
};

// How many products of the format are a step.
constexpr int64_t StepProducts(PackedFormat format) {
  return format == PackedFormat::kInt8 ? 4 : format == PackedFormat::kBf16 ? 2 : 1;
}

// With a scale for each row, by its largest magnitude; or the nearest integers to x * multiplier (> 0, finite), cut at
// ±127. A row with NaN or infinity has NaN for a scale.
void RoundRowsToInt8(const ConstMatrix& x, const PackedRows& to);
void MultiplyRowsToInt8(const ConstMatrix& x, float multiplier, const PackedRows& to);
void GemmInt8(const PackedRows& x, const PackedWeight& w, const Epilogue& epilogue, const Matrix& y);

// Both factors in bf16, where HasFastBf16().
void RoundRowsToBf16(const ConstMatrix& x, const PackedRows& to);
void GemmBf16Panels(const PackedRows& x, const PackedWeight& w, const Epilogue& epilogue, const Matrix& y);

// Weights of bf16 or f16, rows in f32: a step is one product of f16, or two of bf16.
void GemmHalf(const PackedRows& x, const PackedWeight& w, const Epilogue& epilogue, const Matrix& y);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_PACKED_ROWS_H_
