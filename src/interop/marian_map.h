// SPDX-License-Identifier: Apache-2.0
// Where Marian's Transformers have what a model of ours has: read by imports, written by exports.
#ifndef DRAGOMAN_INTEROP_MARIAN_MAP_H_
#define DRAGOMAN_INTEROP_MARIAN_MAP_H_

#include "autograd/parameter.h"
#include "interop/weight_map.h"
#include "model/transformer_config.h"

namespace dragoman {

inline constexpr char kMarianSettings[] = "special:model.yml";
inline constexpr char kMarianOutput[] = "decoder_ff_logit_out_Wt", kMarianOldOutput[] = "decoder_ff_logit_out_W";
inline constexpr char kMarianOutputBias[] = "decoder_ff_logit_out_b";
inline constexpr char kMarianTable[] = "Wemb", kMarianSrcTable[] = "encoder_Wemb", kMarianTgtTable[] = "decoder_Wemb";
inline constexpr float kMarianNormEpsilon = 1e-6f;

// has_old_output: its output projection is [in, out], as before Marian 1.7.
TensorOrigin MarianOrigin(const TransformerConfig& config, bool has_old_output, const Parameter& parameter);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_MARIAN_MAP_H_
