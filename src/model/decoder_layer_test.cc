// SPDX-License-Identifier: Apache-2.0
#include "model/decoder_layer.h"

#include <gtest/gtest.h>

#include "kernels/kernels_testing.h"
#include "model/model_testing.h"

namespace dragoman {
namespace {

TEST(DecoderLayerTest, Gradients) {
  kernels::ForEachTarget([&] {
    const std::vector<int32_t> src = {0, 2, 6}, tgt = {0, 4, 7};
    for (NamedConfig& named : ConfigsOfEveryKind()) {
      if (HasKinks(named.config)) continue;
      for (const float dropout : {0.0f, 0.2f}) {
        SCOPED_TRACE(named.name + ", dropout " + std::to_string(dropout));
        named.config.residual_dropout = named.config.attention_dropout = named.config.ffn_dropout = dropout;
        ParameterStore store;
        const DecoderLayer layer(store, "layer", named.config);
        store.Allocate();
        FillRandom(store, 1);
        GradientCheck(store, {{"x", 7, 8, 2}, {"encoder_out", 6, 8, 3}},
                      [&](Workspace& workspace, const std::vector<Variable>& in) {
                        return WeightedSum(workspace,
                                           layer.Forward(workspace, in[0], in[1], {tgt}, {src}, nullptr, {}));
                      })
            .Run(/*tolerance=*/5e-4, /*most=*/40);  // six ops deep, so rounding is some times an op's
      }
    }
  });
}

}  // namespace
}  // namespace dragoman
