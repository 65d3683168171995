// SPDX-License-Identifier: Apache-2.0
#include "format/model_file.h"

#include <fmt/format.h>

#include "base/error.h"
#include "format/manifest.h"
#include "kernels/elementwise.h"

namespace dragoman {
namespace {

constexpr int64_t kMaxConfigBytes = 1 << 20;

}  // namespace

std::vector<TensorView> ParameterViews(const ParameterPlan& plan, std::span<const float> flat,
                                       const std::string& prefix) {
  std::vector<TensorView> views;
  for (const auto& parameter : plan.parameters()) {
    views.push_back({prefix + parameter->name, parameter->shape,
                     flat.subspan(static_cast<size_t>(parameter->offset), static_cast<size_t>(parameter->size))});
  }
  return views;
}

void ReadParameters(const SafetensorsReader& reader, const ParameterPlan& plan, std::span<float> flat,
                    const std::string& prefix) {
  for (const auto& parameter : plan.parameters()) {
    reader.ReadFloats(prefix + parameter->name, parameter->shape,
                      flat.subspan(static_cast<size_t>(parameter->offset), static_cast<size_t>(parameter->size)));
  }
}

void RequireShapes(const TransformerConfig& config, const SafetensorsReader& reader) {
  const ParameterPlan plan = PlanOf(config);
  for (const auto& [name, info] : reader.tensors()) {
    if (plan.Find(name) == nullptr) {
      throw FormatError(reader.path(), fmt::format("holds a tensor \"{}\" that the config.json beside it has no place "
                                                   "for; do the two belong together?",
                                                   name.substr(0, 200)));
    }
  }
  for (const auto& parameter : plan.parameters()) reader.FindFloats(parameter->name, parameter->shape);
}

TransformerConfig ReadConfig(FileSystem& files, const std::string& directory) {
  const std::string path = JoinPath(directory, kConfigFile);
  return TransformerConfig::FromJson(ReadFile(files, path, kMaxConfigBytes), path);
}

std::unique_ptr<Transformer> LoadTransformer(FileSystem& files, const std::string& directory, Checks checks) {
  const std::string config_path = JoinPath(directory, kConfigFile);
  const std::string config_text = ReadFile(files, config_path, kMaxConfigBytes);
  VerifyCheckpoint(files, directory, {kConfigFile, kWeightsFile}, checks);
  const TransformerConfig config = TransformerConfig::FromJson(config_text, config_path);
  const SafetensorsReader reader(files, JoinPath(directory, kWeightsFile));
  if (reader.metadata().contains("weights")) {
    throw FormatError(reader.path(),
                      "its weights are rounded and packed, for translate and score alone; take the model that it was "
                      "made of, or, of one that came in int8, import it with `dequantize`");
  }
  RequireShapes(config, reader);  // before memory is taken: a config is not believed, a file has its size
  auto model = std::make_unique<Transformer>(config);
  ReadParameters(reader, model->parameters(), model->parameters().values());
  if (checks == Checks::kAll && !kernels::AllFinite(model->parameters().values())) {
    throw FormatError(reader.path(), "holds weights that are not finite; use an earlier checkpoint");
  }
  return model;
}

}  // namespace dragoman
