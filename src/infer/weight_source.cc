// SPDX-License-Identifier: Apache-2.0
#include "infer/weight_source.h"

#include "base/check.h"

namespace dragoman {

const Parameter& ParameterWeights::Find(const std::string& name) const {
  const Parameter* const parameter = parameters_.Find(name);
  DRAGOMAN_CHECK(parameter != nullptr && parameter->data != nullptr);
  return *parameter;
}

ConstMatrix ParameterWeights::Table(const std::string& name, int64_t rows, int64_t cols) {
  const ConstMatrix table = Find(name).value();
  DRAGOMAN_CHECK(table.rows == rows && table.cols == cols);
  return table;
}

Projection ParameterWeights::Linear(const ProjectionNames& names) {
  std::vector<Projection::Part> parts;
  for (const std::string& path : names.paths) {
    const bool has_bias = static_cast<int>(parts.size()) < names.biases;
    parts.push_back({Find(path + ".weight").value(), has_bias ? Find(path + ".bias").data : nullptr});
  }
  Projection projection(format_, parts);
  DRAGOMAN_CHECK(projection.columns() == names.columns);
  return projection;
}

Projection ParameterWeights::Vocabulary(const std::string& name, int64_t rows, int64_t d_model,
                                        const std::string& bias) {
  const Projection::Part part{Table(name, rows, d_model), bias.empty() ? nullptr : Find(bias).data};
  return Projection(format_, {&part, 1}, kernels::Transpose::kYes);
}

}  // namespace dragoman
