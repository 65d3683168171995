// SPDX-License-Identifier: Apache-2.0
#include "train/run_facts.h"

#include <gtest/gtest.h>

#include "autograd/parameter.h"
#include "model/transformer_layers.h"

namespace dragoman {
namespace {

// A narrow model with a large vocabulary, so that embeddings, which are not packed, are most of it.
TrainOptions OptionsWith(Tying tying) {
  TrainOptions options;
  options.model = TransformerConfig::Preset("tiny");
  options.model.src_vocab = options.model.tgt_vocab = 5000;
  options.model.tying = tying;
  options.threads = 2;
  options.micro_batch_tokens = 100;
  return options;
}

int64_t BytesOf(const TrainOptions& options, WeightUse use) {
  int64_t floats = 0;
  const ParameterPlan plan = PlanOf(options.model);
  for (const auto& parameter : plan.parameters()) floats += parameter->use == use ? parameter->size : 0;
  return 4 * floats;
}

TEST(RunFactsTest, MemoryHoldsPackedWeightsOfEachPrecision) {
  for (const Tying tying : {Tying::kNone, Tying::kDecoder, Tying::kEmbeddings, Tying::kAll}) {
    const TrainOptions options = OptionsWith(tying);
    const int64_t linear = BytesOf(options, WeightUse::kLinear), output = BytesOf(options, WeightUse::kOutput);
    ASSERT_EQ(output, int64_t{4} * 5000 * 128);
    // Weights, two moments, a worker's gradients each; in f32 the output weight is packed once, as floats.
    const int64_t f32 = MemoryOf(options, Precision::kF32, 1).weights;
    EXPECT_EQ(f32, 5 * 4 * PlanOf(options.model).flat_size() + output);
    // In bf16 it and the others twice, of half the size.
    EXPECT_EQ(MemoryOf(options, Precision::kBf16, 1).weights, f32 + linear);
  }
}

}  // namespace
}  // namespace dragoman
