// SPDX-License-Identifier: Apache-2.0
// Weights rounded to fewer bits and laid out for products, once and for all: in files as in memory, on every machine.
// A product's sum is one chain of steps over all of k, so an element depends on its row and its column alone.
//   int8  a weight is (byte - 128) * the scale of its column; rows of activations are rounded likewise, with a scale
//   each,
//         or by one number that is given; sums are exact integers, so that every instruction set finds the same bits
//   bf16  both factors have 8 bits of mantissa where the processor multiplies such (HasFastBf16()); elsewhere the
//   weights
//         alone have, and sums are in f32
//   f16   the weights alone are rounded, to 11 bits of mantissa
#ifndef DRAGOMAN_KERNELS_PACKED_WEIGHT_H_
#define DRAGOMAN_KERNELS_PACKED_WEIGHT_H_

#include <cstdint>
#include <span>

#include "kernels/epilogue.h"
#include "kernels/gemm.h"
#include "tensor/matrix.h"

namespace dragoman::kernels {

enum class PackedFormat { kInt8, kBf16, kF16 };

// Panels of kPanelColumns columns, one after the other; in a panel the steps of k, some products at a time: 4 of int8,
// 2 of bf16, 1 of f16; of a step the columns; of a column its products. What fills up the last step or panel is 0 (of
// int8: 128).
inline constexpr int64_t kPanelColumns = 16;
inline constexpr int kInt8Zero = 128;
inline constexpr int64_t kMostInt8Products = 32768;  // of an element: beyond, sums might not fit into 32 bits

// Of w [k, n]. A view.
struct PackedWeight {
  PackedFormat format = PackedFormat::kInt8;
  const uint8_t* panels = nullptr;  // PanelBytes(format, k, n), 64-byte aligned
  const float* scales = nullptr;    // [n], int8 only
  int64_t k = 0, n = 0;
  // int8 only: rows of activations become the integers nearest to x * this, within ±127; 0: each row has its own scale.
  float row_multiplier = 0;
};

// Whether rows can be rounded by such a number: it is positive, and so is its inverse, and both are finite.
bool IsRowMultiplier(float multiplier);

int64_t PanelBytes(PackedFormat format, int64_t k, int64_t n);

// Rounds op(w) [k, n], to nearest even. int8: a column's scale is its largest magnitude / 127, so that bytes are in
// ±127 of kInt8Zero; a column with NaN or infinity has NaN for one.
//   panels: PanelBytes(format, k, n); scales [n], int8 only.
void PackWeight(PackedFormat format, const ConstMatrix& w, Transpose transpose_w, uint8_t* panels, float* scales);

// int8: column c of a weight [k, n] becomes `levels` [k], integers that were rounded elsewhere, as they are.
//   panels: PanelBytes(kInt8, k, n), all kInt8Zero before the first column is set.
void SetInt8Column(std::span<const int8_t> levels, int64_t c, uint8_t* panels);

// The `count` columns from `first`, a multiple of kPanelColumns, where they lie.
PackedWeight ColumnsOf(const PackedWeight& w, int64_t first, int64_t count);

// to [k]: column c of the weight, in f32 again.
void UnpackColumn(const PackedWeight& w, int64_t c, float* to);

// Of w [k, n] columns[c] becomes column c of a weight [k, columns.size()], as it is.
//   panels: PanelBytes(w.format, w.k, columns.size()); scales [columns.size()], int8 only.
void SelectColumns(const PackedWeight& w, std::span<const int32_t> columns, uint8_t* panels, float* scales);

// y = epilogue(x w).   x [rows, k], y [rows, n] must not overlap x. int8: the exact sum, as the nearest float, times
// (row's scale * column's scale), the bias added in one rounding. k is at most kMostInt8Products there.
void Gemm(const ConstMatrix& x, const PackedWeight& w, const Epilogue& epilogue, const Matrix& y);

// Whether int8 is multiplied by one instruction (AVX512_VNNI; the bits are the same without). Tests switch it off.
bool UsesVnni();
void AllowVnni(bool allowed);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_PACKED_WEIGHT_H_
