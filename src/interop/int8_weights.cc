// SPDX-License-Identifier: Apache-2.0
#include "interop/int8_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>

#include "base/check.h"
#include "base/error.h"
#include "kernels/packed_weight.h"
#include "model/transformer_layers.h"

namespace dragoman {

using kernels::PackedFormat;

// Where integers are laid out, of a product [k, n].
struct Int8Weights::Columns {
  uint8_t* panels;
  float* scales;  // [n]
  int64_t k, n;
};

bool ComesInInt8(const ForeignModel& foreign) {
  const ParameterPlan plan = PlanOf(foreign.config);
  return std::ranges::any_of(plan.parameters(), [&](const auto& parameter) {
    return parameter->use == WeightUse::kLinear && IsInt8(*foreign.archive, foreign.weights, *parameter);
  });
}

Int8Weights::Int8Weights(const ForeignModel& foreign) : foreign_(foreign), plan_(PlanOf(foreign.config)) {}

const Parameter& Int8Weights::Find(const std::string& name) const {
  const Parameter* const parameter = plan_.Find(name);
  DRAGOMAN_CHECK(parameter != nullptr);
  return *parameter;
}

const float* Int8Weights::Floats(const std::string& name) {
  const Parameter& parameter = Find(name);
  FlatBuffer& memory = memory_.emplace_back(parameter.size);
  ReadWeight(*foreign_.archive, foreign_.weights, parameter, memory.span());
  return memory.data();
}

ConstMatrix Int8Weights::Table(const std::string& name, int64_t rows, int64_t cols) {
  DRAGOMAN_CHECK(Find(name).rows() == rows && Find(name).cols() == cols);
  return {Floats(name), rows, cols};
}

Int8Weights::Columns Int8Weights::NewColumns(int64_t k, int64_t n) {
  const int64_t bytes = kernels::PanelBytes(PackedFormat::kInt8, k, n);
  auto* const panels = reinterpret_cast<uint8_t*>(memory_.emplace_back((bytes + 3) / 4).data());
  std::fill_n(panels, bytes, static_cast<uint8_t>(kernels::kInt8Zero));
  return {panels, memory_.emplace_back(n).data(), k, n};
}

// A weight's columns stand from `first` on among others. Returns its multiplier of activations, 0 without one.
float Int8Weights::Place(const Parameter& weight, bool rows_are_columns, int64_t first, const Columns& to) {
  const StoredIntegers stored = ReadIntegers(*foreign_.archive, foreign_.weights, weight, rows_are_columns);
  const std::span<const int8_t> levels = stored.levels;
  for (size_t c = 0; c < stored.scales.size(); ++c) {
    const auto k = static_cast<size_t>(to.k);
    kernels::SetInt8Column(levels.subspan(c * k, k), first + static_cast<int64_t>(c), to.panels);
  }
  std::ranges::copy(stored.scales, to.scales + first);
  multiplied_ += stored.row_multiplier > 0;
  return stored.row_multiplier;
}

// Parts of one product have the same activations, so their multipliers are one, or one each where panels are whole.
std::vector<float> Int8Weights::Together(const ProjectionNames& names, const std::vector<float>& multipliers) const {
  if (std::ranges::count(multipliers, multipliers.front()) == std::ssize(multipliers)) {
    return multipliers.front() > 0 ? std::vector<float>{multipliers.front()} : std::vector<float>{};
  }
  const int64_t width = names.columns / std::ssize(multipliers);
  if (width % kernels::kPanelColumns == 0 && std::ranges::count(multipliers, 0.0f) == 0) return multipliers;
  throw FormatError(
      foreign_.archive->path(),
      fmt::format("activations of \"{}\" have the multipliers {}, expected one, or one for each where its "
                  "parts are a multiple of {} wide; import it with `dequantize`",
                  names.name, fmt::join(multipliers, ", "), kernels::kPanelColumns));
}

Projection Int8Weights::Linear(const ProjectionNames& names) {
  if (names.in > kernels::kMostInt8Products) {
    throw FormatError(foreign_.archive->path(),
                      fmt::format("\"{}\" has {} inputs, expected at most {} in int8; import it with `dequantize`",
                                  names.name, names.in, kernels::kMostInt8Products));
  }
  const Columns columns = NewColumns(names.in, names.columns);
  float* const bias = names.biases > 0 ? memory_.emplace_back(names.columns).data() : nullptr;
  std::vector<float> multipliers;
  int64_t first = 0;
  for (const std::string& path : names.paths) {
    const Parameter& weight = Find(path + ".weight");
    if (!IsInt8(*foreign_.archive, foreign_.weights, weight)) {
      const std::string& name = foreign_.weights.origin(weight).name;
      throw FormatError(foreign_.archive->PathOf(name),
                        fmt::format("tensor \"{}\" is not in int8, expected that, as other layers' weights are; import "
                                    "it with `dequantize`",
                                    name));
    }
    if (std::ssize(multipliers) < names.biases) std::copy_n(Floats(path + ".bias"), weight.cols(), bias + first);
    multipliers.push_back(Place(weight, /*rows_are_columns=*/false, first, columns));
    first += weight.cols();
  }
  DRAGOMAN_CHECK(first == names.columns);
  return Projection({PackedFormat::kInt8, columns.panels, columns.scales, columns.k, columns.n}, bias,
                    Together(names, multipliers));
}

Projection Int8Weights::Vocabulary(const std::string& name, int64_t rows, int64_t d_model, const std::string& bias) {
  const Parameter& table = Find(name);
  const Columns columns = NewColumns(d_model, rows);
  std::vector<float> multipliers;
  if (IsInt8(*foreign_.archive, foreign_.weights, table)) {
    const float multiplier = Place(table, /*rows_are_columns=*/true, 0, columns);
    if (multiplier > 0) multipliers = {multiplier};
  } else {
    std::vector<float> values(static_cast<size_t>(table.size));
    ReadWeight(*foreign_.archive, foreign_.weights, table, values);
    kernels::PackWeight(PackedFormat::kInt8, {values.data(), rows, d_model}, kernels::Transpose::kYes, columns.panels,
                        columns.scales);
    rounded_.push_back(foreign_.weights.origin(table).name);
  }
  return Projection({PackedFormat::kInt8, columns.panels, columns.scales, columns.k, columns.n},
                    bias.empty() ? nullptr : Floats(bias), std::move(multipliers));
}

std::vector<std::string> Int8Weights::Notes() const {
  std::vector<std::string> notes = {
      "its weights stay the integers that they are, for translate and score alone; `dequantize` makes f32 of them"};
  if (multiplied_ > 0)
    notes.push_back(fmt::format("activations of {} weights are rounded by stored scales", multiplied_));
  if (!rounded_.empty()) {
    notes.push_back(
        fmt::format("not in int8 and rounded to it, with a scale for each token: {}", fmt::join(rounded_, ", ")));
  }
  return notes;
}

}  // namespace dragoman
