// SPDX-License-Identifier: Apache-2.0
#include "model/model_file.h"

#include <fmt/format.h>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "model/manifest.h"

namespace dragoman {
namespace {

constexpr int64_t kMaxConfigBytes = 1 << 20;

}  // namespace

std::vector<TensorView> ParameterViews(const ParameterStore& store, std::span<const float> flat,
                                       const std::string& prefix) {
  std::vector<TensorView> views;
  for (const auto& parameter : store.parameters()) {
    views.push_back({prefix + parameter->name, parameter->shape,
                     flat.subspan(static_cast<size_t>(parameter->offset), static_cast<size_t>(parameter->size))});
  }
  return views;
}

void ReadParameters(const SafetensorsReader& reader, const ParameterStore& store, std::span<float> flat,
                    const std::string& prefix) {
  for (const auto& parameter : store.parameters()) {
    reader.ReadFloats(prefix + parameter->name, parameter->shape,
                      flat.subspan(static_cast<size_t>(parameter->offset), static_cast<size_t>(parameter->size)));
  }
}

namespace {

// Before a byte of memory is taken for it: a config that asks for more than the file holds is not believed.
void CheckSize(const TransformerConfig& config, const SafetensorsReader& reader) {
  int64_t held = 0;
  for (const auto& [name, info] : reader.tensors()) held += info.elements;  // no more than the file has bytes
  if (const int64_t expected = config.Parameters(); expected / 2 > held) {
    throw FormatError(reader.path(), fmt::format("holds {} numbers, expected {} for the config.json beside it; "
                                                 "do the two belong together?",
                                                 held, expected));
  }
}

// Of zeros, for a file that has been seen to hold what it needs.
std::unique_ptr<Transformer> ModelFor(const TransformerConfig& config, const SafetensorsReader& reader) {
  CheckSize(config, reader);
  auto model = std::make_unique<Transformer>(config);
  for (const auto& [name, info] : reader.tensors()) {
    if (model->parameters().Find(name) == nullptr) {
      throw FormatError(reader.path(), fmt::format("holds a tensor \"{}\" that the config.json beside it has no place "
                                                   "for; do the two belong together?",
                                                   name.substr(0, 200)));
    }
  }
  for (const auto& parameter : model->parameters().parameters()) reader.FindFloats(parameter->name, parameter->shape);
  return model;
}

}  // namespace

void RequireShapes(const TransformerConfig& config, const SafetensorsReader& reader) { ModelFor(config, reader); }

TransformerConfig ReadConfig(FileSystem& files, const std::string& directory) {
  const std::string path = JoinPath(directory, kConfigFile);
  return TransformerConfig::FromJson(ReadFile(files, path, kMaxConfigBytes), path);
}

std::unique_ptr<Transformer> LoadTransformer(FileSystem& files, const std::string& directory) {
  const std::string config_path = JoinPath(directory, kConfigFile);
  const std::string config_text = ReadFile(files, config_path, kMaxConfigBytes);
  VerifyCheckpoint(files, directory, {kConfigFile, kWeightsFile});
  const TransformerConfig config = TransformerConfig::FromJson(config_text, config_path);
  const SafetensorsReader reader(files, JoinPath(directory, kWeightsFile));
  std::unique_ptr<Transformer> model = ModelFor(config, reader);
  ReadParameters(reader, model->parameters(), model->parameters().values());
  if (!kernels::AllFinite(model->parameters().values())) {
    throw FormatError(reader.path(), "holds weights that are not finite; use an earlier checkpoint");
  }
  return model;
}

}  // namespace dragoman
