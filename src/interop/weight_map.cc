// SPDX-License-Identifier: Apache-2.0
#include "interop/weight_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "kernels/packed_weight.h"
#include "tensor/matrix.h"

namespace dragoman {
namespace {

// The rows and columns of a tensor whose sizes of 1 in front say nothing.
struct Extent {
  int64_t rows, cols;
  bool operator==(const Extent&) const = default;
};

std::optional<Extent> ExtentOf(std::vector<int64_t> shape) {
  while (shape.size() > 1 && shape.front() == 1) shape.erase(shape.begin());
  if (shape.empty() || shape.size() > 2) return std::nullopt;
  return Extent{shape.size() == 2 ? shape[0] : 1, shape.back()};
}

// What its tensor has.
Extent WantedExtent(const Parameter& parameter, const TensorOrigin& origin) {
  Extent wanted{parameter.rows(), parameter.cols()};
  if (origin.transposed) std::swap(wanted.rows, wanted.cols);
  if (origin.all_rows > 0) {
    if (parameter.shape.size() == 1) std::swap(wanted.rows, wanted.cols);  // elements of a vector are its rows
    wanted.rows = origin.all_rows;
    if (parameter.shape.size() == 1) std::swap(wanted.rows, wanted.cols);
  }
  return wanted;
}

void RequireWeight(const TensorArchive& archive, const Parameter& parameter, const TensorOrigin& origin) {
  const ArchiveTensor& tensor = archive.Find(origin.name);
  const Extent wanted = WantedExtent(parameter, origin);
  if (ExtentOf(tensor.shape) == wanted) return;
  throw FormatError(
      archive.PathOf(origin.name),
      fmt::format("tensor \"{}\" has the shape {}, expected {} for {}; do the files belong together?", origin.name,
                  ShapeString(tensor.shape),
                  parameter.shape.size() == 1 ? ShapeString({wanted.cols}) : ShapeString({wanted.rows, wanted.cols}),
                  parameter.name));
}

// in [rows, cols], out [cols, rows]. In squares, so that neither side is walked across for long.
template <class Number>
void Turn(const Number* from, int64_t rows, int64_t cols, Number* to) {
  constexpr int64_t kSide = 32;
  for (int64_t r0 = 0; r0 < rows; r0 += kSide) {
    for (int64_t c0 = 0; c0 < cols; c0 += kSide) {
      for (int64_t r = r0; r < std::min(rows, r0 + kSide); ++r) {
        for (int64_t c = c0; c < std::min(cols, c0 + kSide); ++c) to[c * rows + r] = from[r * cols + c];
      }
    }
  }
}

// What rows are divided by: one number for each of them, or one for all.
std::vector<float> ReadDivisors(const TensorArchive& archive, const TensorOrigin& origin, const Extent& extent) {
  const int64_t count = archive.Find(origin.scale).elements;
  if (count != 1 && count != extent.rows) {
    throw FormatError(archive.PathOf(origin.scale),
                      fmt::format("tensor \"{}\" has {} numbers, expected 1 or {}", origin.scale, count, extent.rows));
  }
  std::vector<float> divisors(static_cast<size_t>(count));
  archive.ReadFloats(origin.scale, divisors);
  return divisors;
}

void Unscale(const TensorArchive& archive, const TensorOrigin& origin, const Extent& extent, std::span<float> values) {
  const std::vector<float> divisors = ReadDivisors(archive, origin, extent);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] /= divisors.size() == 1 ? divisors[0] : divisors[i / static_cast<size_t>(extent.cols)];
  }
}

void ReadPart(const TensorArchive& archive, const Parameter& parameter, const TensorOrigin& origin,
              std::span<float> values) {
  const bool scaled = !origin.scale.empty() && archive.Has(origin.scale);
  if (!origin.transposed && origin.all_rows == 0 && !scaled) return archive.ReadFloats(origin.name, values);
  std::vector<float> all(static_cast<size_t>(archive.Find(origin.name).elements));
  archive.ReadFloats(origin.name, all);
  const Extent extent = WantedExtent(parameter, origin);
  if (scaled) Unscale(archive, origin, extent, all);
  const int64_t width = parameter.shape.size() == 1 ? 1 : extent.cols;  // of a row there
  const auto part = std::span<const float>(all).subspan(static_cast<size_t>(origin.first_row * width), values.size());
  if (origin.transposed) {
    Turn(part.data(), parameter.cols(), parameter.rows(), values.data());
  } else {
    std::ranges::copy(part, values.begin());
  }
}

// The divisors of a parameter's integers, each row's or one for all.
std::vector<float> DivisorsOf(const TensorArchive& archive, const TensorOrigin& origin, const Extent& extent) {
  if (const std::optional<float> multiplier = archive.Find(origin.name).multiplier) return {*multiplier};
  if (origin.scale.empty() || !archive.Has(origin.scale)) {
    throw FormatError(
        archive.PathOf(origin.name),
        fmt::format("tensor \"{}\" holds integers without a scale, expected one beside it; fetch the files "
                    "again",
                    origin.name));
  }
  return ReadDivisors(archive, origin, extent);
}

float ReadRowMultiplier(const TensorArchive& archive, const TensorOrigin& origin) {
  if (origin.row_multiplier.empty() || !archive.Has(origin.row_multiplier)) return 0;
  const auto fail = [&](const std::string& found) {
    throw FormatError(
        archive.PathOf(origin.row_multiplier),
        fmt::format("tensor \"{}\" holds {}, expected one positive number, the multiplier of activations; "
                    "make the file again, or import it with `dequantize`",
                    origin.row_multiplier, found));
  };
  const ArchiveTensor& tensor = archive.Find(origin.row_multiplier);
  if (tensor.elements != 1) fail(fmt::format("{} numbers", tensor.elements));
  float multiplier = 0;
  archive.ReadFloats(origin.row_multiplier, {&multiplier, 1});
  if (!kernels::IsRowMultiplier(multiplier)) fail(fmt::format("{}", multiplier));
  return multiplier;
}

}  // namespace

void Transpose(std::span<const float> in, int64_t rows, int64_t cols, std::span<float> out) {
  Turn(in.data(), rows, cols, out.data());
}

void ReadWeight(const TensorArchive& archive, const WeightMap& map, const Parameter& parameter,
                std::span<float> values) {
  const TensorOrigin origin = map.origin(parameter);
  ReadPart(archive, parameter, origin, values);
  if (kernels::AllFinite(values)) return;
  throw FormatError(archive.PathOf(origin.name),
                    fmt::format("tensor \"{}\" holds numbers that are not finite; fetch the file again", origin.name));
}

bool IsInt8(const TensorArchive& archive, const WeightMap& map, const Parameter& parameter) {
  return archive.Find(map.origin(parameter).name).dtype == DType::kI8;
}

StoredIntegers ReadIntegers(const TensorArchive& archive, const WeightMap& map, const Parameter& parameter,
                            bool rows_are_columns) {
  const TensorOrigin origin = map.origin(parameter);
  const Extent extent = WantedExtent(parameter, origin);
  const int64_t columns = rows_are_columns ? parameter.rows() : parameter.cols(), inputs = parameter.size / columns;
  const bool lies_by_columns = rows_are_columns != origin.transposed;  // a row there is a column of the product
  const std::vector<float> divisors = DivisorsOf(archive, origin, extent);
  if (divisors.size() > 1 && !lies_by_columns) {
    throw FormatError(archive.PathOf(origin.scale),
                      fmt::format("tensor \"{}\" has a scale for each input of a product, "
                                  "expected one for each column, or one for all",
                                  origin.scale));
  }
  StoredIntegers stored;
  stored.levels.resize(static_cast<size_t>(parameter.size));
  const std::string bytes = archive.ReadBytes(origin.name);
  const auto* const part = reinterpret_cast<const int8_t*>(bytes.data()) + origin.first_row * extent.cols;
  if (lies_by_columns) {
    std::copy_n(part, parameter.size, stored.levels.data());
  } else {
    Turn(part, inputs, columns, stored.levels.data());
  }
  for (int64_t c = 0; c < columns; ++c) {
    const float divisor = divisors[divisors.size() == 1 ? 0 : static_cast<size_t>(origin.first_row + c)];
    stored.scales.push_back(1 / divisor);
  }
  if (!kernels::AllFinite(stored.scales)) {
    throw FormatError(archive.PathOf(origin.name),
                      fmt::format("tensor \"{}\" has scales that are 0 or not finite; fetch "
                                  "the file again",
                                  origin.name));
  }
  stored.row_multiplier = ReadRowMultiplier(archive, origin);
  return stored;
}

void RequireWeights(const TensorArchive& archive, const WeightMap& map, const ParameterPlan& plan) {
  std::set<std::string> used;
  for (const auto& parameter : plan.parameters()) {
    const TensorOrigin origin = map.origin(*parameter);
    RequireWeight(archive, *parameter, origin);
    used.insert(origin.name);
    if (!origin.scale.empty()) used.insert(origin.scale);
  }
  for (const auto& [name, ours] : map.copies) used.insert(name);
  for (const auto& [name, tensor] : archive.tensors()) {
    if (used.contains(name) || map.is_unused(name)) continue;
    throw FormatError(archive.PathOf(name),
                      fmt::format("tensor \"{}\" {} has no place in a model of these settings; do the files belong "
                                  "together?",
                                  name, ShapeString(tensor.shape)));
  }
}

void ReadWeights(const TensorArchive& archive, const WeightMap& map, ParameterStore& store) {
  for (const auto& parameter : store.parameters()) {
    ReadWeight(archive, map, *parameter, store.Writable(*parameter));
  }
  for (const auto& [name, ours] : map.copies) {
    const Parameter* const parameter = store.Find(ours);
    if (!archive.Has(name) || parameter == nullptr || map.origin(*parameter).name == name) continue;
    std::vector<float> copy(static_cast<size_t>(archive.Find(name).elements));
    archive.ReadFloats(name, copy);
    if (std::ranges::equal(copy, parameter->span())) continue;
    throw FormatError(
        archive.PathOf(name),
        fmt::format("tensor \"{}\" is another than \"{}\", but the settings say that they are one; do the "
                    "files belong together?",
                    name, map.origin(*parameter).name));
  }
}

}  // namespace dragoman
