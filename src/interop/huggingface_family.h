// SPDX-License-Identifier: Apache-2.0
// What an export has to know of one of transformers' families.
#ifndef DRAGOMAN_INTEROP_HUGGINGFACE_FAMILY_H_
#define DRAGOMAN_INTEROP_HUGGINGFACE_FAMILY_H_

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "interop/weight_map.h"
#include "model/transformer_config.h"

namespace dragoman {

struct HuggingFaceFamily {
  std::string model_type;                     // "marian"
  std::string architecture;                   // "MarianMTModel"
  TransformerConfig expressible;              // what a model of it would compute in the place of the one at hand
  bool has_output_bias = false;               // final_logits_bias, whether zeros or not
  bool pad_is_before_first_position = false;  // <pad>'s id is what decides where positions begin
  // Of a model that it can express: the keys of config.json that say so, and where its parameters are.
  std::function<nlohmann::ordered_json(const TransformerConfig&)> settings;
  std::function<WeightMap(const TransformerConfig&)> weights;
};

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_HUGGINGFACE_FAMILY_H_
