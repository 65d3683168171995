// SPDX-License-Identifier: Apache-2.0
#include "infer/projection.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "kernels/elementwise.h"

namespace dragoman {

const EnumNames<WeightFormat>& NamesOf(WeightFormat /*unused*/) {
  static const EnumNames<WeightFormat> names = {{"f32", WeightFormat::kF32},
                                                {"bf16", WeightFormat::kBf16},
                                                {"f16", WeightFormat::kF16},
                                                {"int8", WeightFormat::kInt8}};
  return names;
}

namespace {

kernels::PackedFormat PackedFormatOf(WeightFormat format) {
  return format == WeightFormat::kInt8   ? kernels::PackedFormat::kInt8
         : format == WeightFormat::kBf16 ? kernels::PackedFormat::kBf16
                                         : kernels::PackedFormat::kF16;
}

}  // namespace

Projection::Projection(WeightFormat format, std::span<const Part> parts, kernels::Transpose transpose)
    : format_(format) {
  const bool transposed = transpose == kernels::Transpose::kYes;
  int64_t in = 0, biases = 0;
  for (const Part& part : parts) {
    in = transposed ? part.weight.cols : part.weight.rows;
    columns_ += transposed ? part.weight.rows : part.weight.cols;
    biases += part.bias != nullptr;
  }
  if (format == WeightFormat::kF32 && !transposed) {
    parts_.assign(parts.begin(), parts.end());
    return;
  }
  // Side by side, [in, columns].
  FlatBuffer together(in * columns_);
  const Matrix weight(together.data(), in, columns_);
  if (biases > 0) bias_memory_ = FlatBuffer(columns_);
  bias_ = bias_memory_.data();
  int64_t column = 0;
  for (const Part& part : parts) {
    const int64_t count = transposed ? part.weight.rows : part.weight.cols;
    transposed ? kernels::CopyTransposed(part.weight, weight.Cols(column, count))
               : kernels::Copy(part.weight, weight.Cols(column, count));
    if (part.bias != nullptr) std::copy_n(part.bias, count, bias_memory_.data() + column);
    column += count;
  }
  if (format == WeightFormat::kF32) {
    parts_ = {{weight, bias_}};
    memory_ = std::move(together);
    return;
  }
  constexpr int64_t kFloatBytes = sizeof(float);
  const kernels::PackedFormat packed = PackedFormatOf(format);
  memory_ = FlatBuffer((kernels::PanelBytes(packed, in, columns_) + kFloatBytes - 1) / kFloatBytes);
  if (packed == kernels::PackedFormat::kInt8) scales_ = FlatBuffer(columns_);
  auto* const panels = reinterpret_cast<uint8_t*>(memory_.data());
  kernels::PackWeight(packed, weight, kernels::Transpose::kNo, panels, scales_.data());
  packed_ = {packed, panels, scales_.data(), in, columns_};
}

Projection::Projection(const kernels::PackedWeight& packed, const float* bias, std::vector<float> row_multipliers)
    : format_(packed.format == kernels::PackedFormat::kInt8   ? WeightFormat::kInt8
              : packed.format == kernels::PackedFormat::kBf16 ? WeightFormat::kBf16
                                                              : WeightFormat::kF16),
      columns_(packed.n),
      packed_(packed),
      bias_(bias),
      row_multipliers_(std::move(row_multipliers)) {
  DRAGOMAN_CHECK(row_multipliers_.empty() || format_ == WeightFormat::kInt8);
  if (row_multipliers_.size() == 1) packed_.row_multiplier = row_multipliers_.front();
}

const ConstMatrix& Projection::weight() const {
  DRAGOMAN_CHECK(parts_.size() == 1);
  return parts_.front().weight;
}

const float* Projection::bias() const {
  DRAGOMAN_CHECK(parts_.size() <= 1);
  return parts_.empty() ? bias_ : parts_.front().bias;
}

void Projection::Apply(const ConstMatrix& x, const Matrix& y, bool relu) const { Multiply(x, {.relu = relu}, y); }

void Projection::Add(const ConstMatrix& x, const Matrix& y) const { Multiply(x, {.accumulate = true}, y); }

void Projection::Multiply(const ConstMatrix& x, kernels::Epilogue epilogue, const Matrix& y) const {
  DRAGOMAN_CHECK(y.cols == columns_ && y.rows == x.rows);
  if (format_ == WeightFormat::kF32) {
    int64_t column = 0;
    for (const Part& part : parts_) {
      const Matrix own = y.Cols(column, part.weight.cols);
      kernels::Gemm(x, kernels::Transpose::kNo, part.weight, kernels::Transpose::kNo, own, epilogue.accumulate);
      epilogue.bias = part.bias;
      kernels::FinishProduct(epilogue, own);
      column += part.weight.cols;
    }
    return;
  }
  epilogue.bias = bias_;
  row_multipliers_.size() > 1 ? MultiplyParts(x, epilogue, y) : kernels::Gemm(x, packed_, epilogue, y);
}

// Rows are rounded anew for each part.
void Projection::MultiplyParts(const ConstMatrix& x, kernels::Epilogue epilogue, const Matrix& y) const {
  const int64_t width = columns_ / std::ssize(row_multipliers_);
  for (int64_t part = 0; part < std::ssize(row_multipliers_); ++part) {
    kernels::PackedWeight columns = kernels::ColumnsOf(packed_, part * width, width);
    columns.row_multiplier = row_multipliers_[static_cast<size_t>(part)];
    epilogue.bias = bias_ == nullptr ? nullptr : bias_ + part * width;
    kernels::Gemm(x, columns, epilogue, y.Cols(part * width, width));
  }
}

}  // namespace dragoman
