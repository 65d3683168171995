// SPDX-License-Identifier: Apache-2.0
// Where CTranslate2's TransformerSpec has what a model of ours has: read by imports, written by exports.
#ifndef DRAGOMAN_INTEROP_CTRANSLATE2_MAP_H_
#define DRAGOMAN_INTEROP_CTRANSLATE2_MAP_H_

#include <array>
#include <string>

#include "autograd/parameter.h"
#include "interop/weight_map.h"
#include "kernels/activation.h"
#include "model/transformer_config.h"

namespace dragoman {

inline constexpr char kCTranslate2Model[] = "model.bin", kCTranslate2Config[] = "config.json";
inline constexpr char kCTranslate2Spec[] = "TransformerSpec";
inline constexpr char kCTranslate2SrcTable[] = "encoder/embeddings_0/weight",
                      kCTranslate2TgtTable[] = "decoder/embeddings/weight",
                      kCTranslate2Output[] = "decoder/projection/weight";

// Beside a model, where its text is to be cut by one.
inline constexpr char kCTranslate2Spm[] = "sentencepiece.model", kCTranslate2SrcSpm[] = "source.spm",
                      kCTranslate2TgtSpm[] = "target.spm";

// In the order of their numbers there.
inline constexpr std::array kCTranslate2Activations = {kernels::Activation::kRelu, kernels::Activation::kGeluTanh,
                                                       kernels::Activation::kSilu, kernels::Activation::kGelu,
                                                       kernels::Activation::kGeluSigmoid};

// src_table: kCTranslate2SrcTable, or as older files call it.
TensorOrigin CTranslate2Origin(const TransformerConfig& config, const std::string& src_table,
                               const Parameter& parameter);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_CTRANSLATE2_MAP_H_
