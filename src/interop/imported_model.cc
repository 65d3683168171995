// SPDX-License-Identifier: Apache-2.0
#include "interop/imported_model.h"

#include "base/error.h"
#include "model/transformer_layers.h"

namespace dragoman {

void RequireModel(const ForeignModel& model, const TensorArchive& archive, const std::string& path) {
  try {
    model.config.Validate();
  } catch (const OptionError& error) {
    throw FormatError(path, error.what());
  }
  RequireWeights(archive, model.weights, PlanOf(model.config));
}

}  // namespace dragoman
