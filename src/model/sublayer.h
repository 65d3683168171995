// SPDX-License-Identifier: Apache-2.0
// The frame around every sub-layer: dropout, residual connection and layer normalisation, in either order.
#ifndef DRAGOMAN_MODEL_SUBLAYER_H_
#define DRAGOMAN_MODEL_SUBLAYER_H_

#include "model/transformer_config.h"
#include "nn/layers.h"

namespace dragoman {

// Post-norm:  norm(x + dropout(sublayer(x)))      Vaswani 2017, §3.1 and §5.4
// Pre-norm:   x + dropout(sublayer(norm(x)))      Xiong 2020, §3
// `sublayer` maps a Variable [tokens, d_model] to a fresh one of the same shape, before its output bias.
template <class Function>
Variable ApplySublayer(Workspace& workspace, const TransformerConfig& config, const NormLayer& norm,
                       const Parameter* output_bias, const Variable& x, Function sublayer) {
  const float dropout = config.residual_dropout;
  if (config.norm_order == NormOrder::kPost)
    return norm(workspace, AddResidual(workspace, sublayer(x), output_bias, x, dropout));
  return AddResidual(workspace, sublayer(norm(workspace, x)), output_bias, x, dropout);
}

}  // namespace dragoman

#endif  // DRAGOMAN_MODEL_SUBLAYER_H_
