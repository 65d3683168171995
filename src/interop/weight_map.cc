// SPDX-License-Identifier: Apache-2.0
#include "interop/weight_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>

#include "base/error.h"
#include "kernels/elementwise.h"
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

// Divides rows by their scales, or all by one.
void Unscale(const TensorArchive& archive, const TensorOrigin& origin, const Extent& extent, std::span<float> values) {
  const int64_t count = archive.Find(origin.scale).elements;
  if (count != 1 && count != extent.rows) {
    throw FormatError(archive.PathOf(origin.scale),
                      fmt::format("tensor \"{}\" has {} numbers, expected 1 or {}", origin.scale, count, extent.rows));
  }
  std::vector<float> scales(static_cast<size_t>(count));
  archive.ReadFloats(origin.scale, scales);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] /= count == 1 ? scales[0] : scales[i / static_cast<size_t>(extent.cols)];
  }
}

void ReadWeight(const TensorArchive& archive, const Parameter& parameter, const TensorOrigin& origin,
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
    Transpose(part, parameter.cols(), parameter.rows(), values);
  } else {
    std::ranges::copy(part, values.begin());
  }
}

}  // namespace

// In squares, so that neither side is walked across for long.
void Transpose(std::span<const float> in, int64_t rows, int64_t cols, std::span<float> out) {
  constexpr int64_t kSide = 32;
  const float* const from = in.data();
  float* const to = out.data();
  for (int64_t r0 = 0; r0 < rows; r0 += kSide) {
    for (int64_t c0 = 0; c0 < cols; c0 += kSide) {
      for (int64_t r = r0; r < std::min(rows, r0 + kSide); ++r) {
        for (int64_t c = c0; c < std::min(cols, c0 + kSide); ++c) to[c * rows + r] = from[r * cols + c];
      }
    }
  }
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
    const TensorOrigin origin = map.origin(*parameter);
    const std::span<float> values = store.Writable(*parameter);
    ReadWeight(archive, *parameter, origin, values);
    if (kernels::AllFinite(values)) continue;
    throw FormatError(
        archive.PathOf(origin.name),
        fmt::format("tensor \"{}\" holds numbers that are not finite; fetch the file again", origin.name));
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
