// SPDX-License-Identifier: Apache-2.0
// A model on disk: config.json and model.safetensors in one directory. See docs/formats.md.
#ifndef DRAGOMAN_FORMAT_MODEL_FILE_H_
#define DRAGOMAN_FORMAT_MODEL_FILE_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "format/manifest.h"
#include "model/transformer.h"
#include "tensor/safetensors.h"

namespace dragoman {

inline constexpr char kConfigFile[] = "config.json";
inline constexpr char kWeightsFile[] = "model.safetensors";

// Views of all parameters, named by `prefix` and path, over `flat`: a buffer like ParameterStore::values() (the values
// themselves, a moment, an average).
std::vector<TensorView> ParameterViews(const ParameterPlan& plan, std::span<const float> flat,
                                       const std::string& prefix = "");

// Reads every parameter of `plan` from `reader` into `flat`, likewise. Throws FormatError for a tensor that is missing
// or of another shape.
void ReadParameters(const SafetensorsReader& reader, const ParameterPlan& plan, std::span<float> flat,
                    const std::string& prefix = "");

// What config.json in `directory` says.
TransformerConfig ReadConfig(FileSystem& files, const std::string& directory);

// Throws FormatError unless the file holds the parameters of such a model and nothing else. Reads none of the numbers.
void RequireShapes(const TransformerConfig& config, const SafetensorsReader& reader);

// The model in `directory`, compared first with its manifest where there is one. Throws FileError, FormatError:
// nothing in it is trusted. A tensor in the file that the config has no place for is an error too.
std::unique_ptr<Transformer> LoadTransformer(FileSystem& files, const std::string& directory,
                                             Checks checks = Checks::kAll);

}  // namespace dragoman

#endif  // DRAGOMAN_FORMAT_MODEL_FILE_H_
