// SPDX-License-Identifier: Apache-2.0
#include "model/transformer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>

#include "kernels/kernels_testing.h"
#include "kernels/softmax.h"
#include "model/model_testing.h"

namespace dragoman {
namespace {

// Rows [begin, begin + count) of a variable, as bits.
std::vector<float> RowsOf(const Variable& x, int64_t begin, int64_t count) {
  const ConstMatrix rows = x.value().Rows(begin, count);
  return {rows.data, rows.data + rows.size()};
}

TEST(TransformerTest, GradientsOfTheWholeModel) {
  kernels::ForEachTarget([&] {
    const size_t most = kernels::CurrentTarget() == kernels::SupportedTargets().front() ? 10 : 2;  // seconds in all
    const std::array<int, 3> src_lengths = {3, 1, 4}, tgt_lengths = {2, 4, 1};
    for (NamedConfig& named : ConfigsOfEveryKind()) {
      if (HasKinks(named.config)) continue;
      for (const float dropout : {0.0f, 0.1f}) {
        SCOPED_TRACE(named.name + ", dropout " + std::to_string(dropout));
        TransformerConfig& config = named.config;
        config.embedding_dropout = config.residual_dropout = config.attention_dropout = config.ffn_dropout = dropout;
        const auto model = RandomModel(config);
        const Sentences src(src_lengths, config.src_vocab, 1), tgt(tgt_lengths, config.tgt_vocab, 2);
        const Sentences tgt_in = tgt.ShiftedRight(config.decoder_start);
        GradientCheck(model->parameters(), {}, [&](Workspace& workspace, const std::vector<Variable>&) {
          const EncodedSource encoded = model->Encode(workspace, src.view());
          const Variable hidden = model->Decode(workspace, tgt_in.view(), encoded);
          return model->Loss(workspace, hidden, tgt.view(), encoded, {.smoothing = 0.1f}).loss;
        }).Run(/*tolerance=*/1e-3, most);  // some thirty ops deep
      }
    }
  });
}

TEST(TransformerTest, FutureTargetTokensNeverChangeEarlierLogits) {
  for (const NamedConfig& named : ConfigsOfEveryKind()) {
    SCOPED_TRACE(named.name);
    const auto model = RandomModel(named.config);
    const std::array<int, 1> src_length = {6}, tgt_length = {20};
    const Sentences src(src_length, named.config.src_vocab, 1);
    Sentences tgt_in(tgt_length, named.config.tgt_vocab, 2);
    Workspace workspace;
    const EncodedSource encoded = model->Encode(workspace, src.view());
    const auto logits = [&] {
      const Variable hidden = model->Decode(workspace, tgt_in.view(), encoded);
      return model->Logits(workspace, hidden.value(), tgt_in.packing(), encoded);
    };
    const Variable before = logits();
    for (int64_t t = 19; t > 0; --t) {  // change ever earlier tokens: those before keep every bit
      tgt_in.ids[static_cast<size_t>(t)] = (tgt_in.ids[static_cast<size_t>(t)] + 1) % named.config.tgt_vocab;
      const Variable after = logits();
      EXPECT_TRUE(kernels::SameBits(RowsOf(before, 0, t), RowsOf(after, 0, t))) << "position " << t;
      EXPECT_FALSE(kernels::SameBits(RowsOf(before, t, 1), RowsOf(after, t, 1))) << "position " << t;
    }
  }
}

TEST(TransformerTest, ASentenceIsTheSameAloneAndAmongOthers) {
  TransformerConfig config = TinyConfig();
  config.d_model = 48;
  config.heads = 4;
  config.d_ff = 80;
  config.max_src_len = config.max_tgt_len = 80;
  const auto model = RandomModel(config);
  const std::array<int, 8> src_lengths = {1, 7, 16, 2, 33, 70, 5, 64}, tgt_lengths = {9, 1, 17, 40, 2, 65, 5, 31};
  const Sentences src(src_lengths, config.src_vocab, 1), tgt(tgt_lengths, config.tgt_vocab, 2);
  kernels::ForEachTarget([&] {
    Workspace workspace;
    const EncodedSource encoded = model->Encode(workspace, src.view());
    const Variable hidden = model->Decode(workspace, tgt.view(), encoded);
    const Variable logits = model->Logits(workspace, hidden.value(), tgt.packing(), encoded);
    for (size_t s = 0; s < src.all.size(); ++s) {
      SCOPED_TRACE(s);
      const Sentences one_src({src.all[s]}), one_tgt({tgt.all[s]});
      const EncodedSource one_encoded = model->Encode(workspace, one_src.view());
      const Variable one_hidden = model->Decode(workspace, one_tgt.view(), one_encoded);
      const Variable one_logits = model->Logits(workspace, one_hidden.value(), one_tgt.packing(), one_encoded);
      const int64_t src_begin = src.offsets[s], tgt_begin = tgt.offsets[s], tgt_count = one_hidden.rows();
      EXPECT_TRUE(kernels::SameBits(RowsOf(encoded.states, src_begin, one_encoded.states.rows()),
                                    RowsOf(one_encoded.states, 0, one_encoded.states.rows())));
      EXPECT_TRUE(kernels::SameBits(RowsOf(hidden, tgt_begin, tgt_count), RowsOf(one_hidden, 0, tgt_count)));
      EXPECT_TRUE(kernels::SameBits(RowsOf(logits, tgt_begin, tgt_count), RowsOf(one_logits, 0, tgt_count)));
    }
  });
}

TEST(TransformerTest, LossIsThatOfTheLogits) {
  for (const NamedConfig& named : ConfigsOfEveryKind()) {
    SCOPED_TRACE(named.name);
    const auto model = RandomModel(named.config);
    const std::array<int, 2> lengths = {4, 6};
    const Sentences src(lengths, named.config.src_vocab, 1), tgt(lengths, named.config.tgt_vocab, 2);
    Workspace workspace;
    const EncodedSource encoded = model->Encode(workspace, src.view());
    const Variable hidden = model->Decode(workspace, tgt.view(), encoded);
    const auto sums = model->Loss(workspace, hidden, tgt.view(), encoded, {});
    Variable logits = model->Logits(workspace, hidden.value(), tgt.packing(), encoded);
    kernels::LogSoftmaxRows(logits.writable());
    double nll = 0;
    for (int64_t t = 0; t < 10; ++t) nll -= double{logits.value().At(t, tgt.ids[static_cast<size_t>(t)])};
    EXPECT_NEAR(sums.loss, nll, 1e-4);
    EXPECT_NEAR(sums.nll, nll, 1e-4);
  }
}

// What the demo shows: without positions the model cannot tell "Tom owes Mary" from "Mary owes Tom".
TEST(TransformerTest, OnlyPositionsTellTheOrderOfSourceTokens) {
  for (const Positions positions : {Positions::kNone, Positions::kLearned, Positions::kSinusoidal}) {
    TransformerConfig config = TinyConfig();
    config.positions = positions;
    const auto model = RandomModel(config);
    const Sentences there({{1, 5, 7, 9, 2}}), back({{7, 5, 1, 9, 2}}), tgt({{1, 4, 6}});
    Workspace workspace;
    const Variable one = model->Decode(workspace, tgt.view(), model->Encode(workspace, there.view()));
    const Variable two = model->Decode(workspace, tgt.view(), model->Encode(workspace, back.view()));
    double difference = 0;
    for (int64_t i = 0; i < one.value().size(); ++i) {
      difference = std::max(difference, std::abs(double{one.value().data[i]} - double{two.value().data[i]}));
    }
    if (positions == Positions::kNone) {
      EXPECT_LT(difference, 1e-5);  // sums in another order
    } else {
      EXPECT_GT(difference, 1e-4);
    }
  }
}

TEST(TransformerTest, ParametersAreNamedByRole) {
  TransformerConfig config = TinyConfig();
  config.encoder_layers = config.decoder_layers = 1;
  config.tying = Tying::kNone;
  config.positions = Positions::kLearned;
  config.output_bias = config.final_norm = config.gated = true;
  const Transformer model(config);
  std::set<std::string> names;
  for (const auto& parameter : model.parameters().parameters()) names.insert(parameter->name);
  std::set<std::string> expected = {"src_embed.weight",     "tgt_embed.weight", "src_positions.weight",
                                    "tgt_positions.weight", "output.weight",    "output.bias"};
  const auto add = [&](const std::string& path) { expected.insert({path + ".weight", path + ".bias"}); };
  for (const std::string path :
       {"encoder.layers.0.self_attn", "decoder.layers.0.self_attn", "decoder.layers.0.cross_attn"}) {
    for (const char* projection : {".q_proj", ".k_proj", ".v_proj", ".out_proj"}) add(path + projection);
    add(path + "_norm");
  }
  for (const std::string path : {"encoder.layers.0.ffn", "decoder.layers.0.ffn"}) {
    for (const char* projection : {".in_proj", ".gate_proj", ".out_proj"}) add(path + projection);
    add(path + "_norm");
  }
  add("encoder.final_norm");
  add("decoder.final_norm");
  EXPECT_EQ(names, expected);
}

TEST(TransformerTest, RelativePositionsAreAStacksOrEachLayers) {
  const auto names_with = [](bool per_layer) {
    TransformerConfig config = TinyConfig();
    config.relative_buckets = 8;
    config.relative_per_layer = per_layer;
    const Transformer model(config);
    std::set<std::string> found;
    for (const auto& parameter : model.parameters().parameters()) {
      if (parameter->name.find("relative_bias") != std::string::npos) found.insert(parameter->name);
    }
    return found;
  };
  EXPECT_EQ(names_with(false), (std::set<std::string>{"decoder.relative_bias.weight", "encoder.relative_bias.weight"}));
  EXPECT_EQ(names_with(true),
            (std::set<std::string>{
                "decoder.layers.0.self_attn.relative_bias.weight", "decoder.layers.1.self_attn.relative_bias.weight",
                "encoder.layers.0.self_attn.relative_bias.weight", "encoder.layers.1.self_attn.relative_bias.weight"}));
}

// A stack's one table is the same as each layer's, all alike; tables of 0 are the same as none.
TEST(TransformerTest, TablesOfEachLayerThatAreAlikeAreAsOneOfTheStack) {
  TransformerConfig config = TinyConfig();
  config.relative_buckets = 8;
  config.relative_max_distance = 10;
  const auto shared = RandomModel(config);
  config.relative_per_layer = true;
  Transformer own(config);
  for (const auto& parameter : own.parameters().parameters()) {
    const std::string stack = parameter->name.substr(0, parameter->name.find('.'));
    const Parameter* const from = shared->parameters().Find(
        parameter->name.find("relative_bias") == std::string::npos ? parameter->name : stack + ".relative_bias.weight");
    std::ranges::copy(from->span(), own.parameters().Writable(*parameter).begin());
  }
  const std::array<int, 2> lengths = {9, 14};
  const Sentences src(lengths, 11, 1), tgt(lengths, 11, 2);
  const auto hidden = [&](const Transformer& model, Workspace& workspace) {
    return model.Decode(workspace, tgt.view(), model.Encode(workspace, src.view()));
  };
  Workspace workspace;
  const Variable one = hidden(*shared, workspace), other = hidden(own, workspace);
  EXPECT_TRUE(kernels::SameBits(RowsOf(one, 0, one.rows()), RowsOf(other, 0, other.rows())));
}

// logit_scale: what the decoder says is multiplied, bias and all else stay.
TEST(TransformerTest, LogitsAreOfTheScaledOutput) {
  TransformerConfig config = TinyConfig();
  config.output_bias = true;
  const auto plain = RandomModel(config);
  config.logit_scale = 0.5f;  // a power of two, so that nothing is rounded
  const auto scaled = RandomModel(config);
  const std::array<int, 1> length = {6};
  const Sentences src(length, 11, 1), tgt(length, 11, 2);
  Workspace workspace;
  const EncodedSource encoded = plain->Encode(workspace, src.view());
  const Variable hidden = plain->Decode(workspace, tgt.view(), encoded);
  const Variable half = scaled->Decode(workspace, tgt.view(), scaled->Encode(workspace, src.view()));
  for (int64_t i = 0; i < hidden.value().size(); ++i) EXPECT_EQ(half.value().data[i], 0.5f * hidden.value().data[i]);
  const Variable logits = plain->Logits(workspace, hidden.value(), tgt.packing(), encoded);
  const Variable half_logits = scaled->Logits(workspace, half.value(), tgt.packing(), encoded);
  const float* const bias = plain->parameters().Find("output.bias")->data;
  for (int64_t i = 0; i < logits.value().size(); ++i) {
    const float of_bias = bias[i % 11];
    EXPECT_NEAR(half_logits.value().data[i] - of_bias, 0.5f * (logits.value().data[i] - of_bias), 1e-5);
  }
}

TEST(TransformerTest, TiedParametersExistOnce) {
  const auto names_with = [](Tying tying) {
    TransformerConfig config = TinyConfig();
    config.tying = tying;
    const Transformer model(config);
    std::string found;
    for (const char* name : {"src_embed.weight", "tgt_embed.weight", "output.weight"}) {
      if (model.parameters().Find(name) != nullptr) found += std::string(name) + " ";
    }
    return found;
  };
  EXPECT_EQ(names_with(Tying::kNone), "src_embed.weight tgt_embed.weight output.weight ");
  EXPECT_EQ(names_with(Tying::kDecoder), "src_embed.weight tgt_embed.weight ");
  EXPECT_EQ(names_with(Tying::kEmbeddings), "src_embed.weight output.weight ");
  EXPECT_EQ(names_with(Tying::kAll), "src_embed.weight ");
}

TEST(TransformerTest, InitializeFollowsTheSeedAndTheStatedDistributions) {
  TransformerConfig config = TinyConfig();
  config.tying = Tying::kNone;
  config.src_vocab = config.tgt_vocab = 1000;
  config.d_model = 16;
  config.output_bias = config.final_norm = true;
  Transformer a(config), b(config), c(config);
  a.Initialize(1);
  b.Initialize(1);
  c.Initialize(2);
  EXPECT_TRUE(kernels::SameBits(a.parameters().values(), b.parameters().values()));
  EXPECT_FALSE(kernels::SameBits(a.parameters().values(), c.parameters().values()));
  for (const auto& parameter : a.parameters().parameters()) {
    SCOPED_TRACE(parameter->name);
    double sum_of_squares = 0;
    for (const float w : parameter->span()) sum_of_squares += double{w} * double{w};
    const double deviation = std::sqrt(sum_of_squares / static_cast<double>(parameter->size));
    if (parameter->name.find("embed") != std::string::npos || parameter->name == "output.weight") {
      EXPECT_NEAR(deviation, 0.25, 0.01);  // variance 1 / d_model
    } else if (parameter->name.find(".bias") != std::string::npos) {
      EXPECT_EQ(deviation, 0);
    } else if (parameter->name.find("norm") != std::string::npos) {
      EXPECT_EQ(deviation, 1);
    } else {
      const double limit = std::sqrt(6.0 / static_cast<double>(parameter->rows() + parameter->cols()));
      EXPECT_NEAR(deviation, limit / std::sqrt(3.0), 0.1 * limit);
    }
  }
}

// What is packed for products is every matrix of weights that stands in one, and no table.
TEST(TransformerTest, WeightsSayWhatProductsUseThemFor) {
  TransformerConfig config = TinyConfig();
  config.tying = Tying::kNone;
  config.positions = Positions::kLearned;
  config.output_bias = true;
  const auto model = RandomModel(config);
  for (const auto& parameter : model->parameters().parameters()) {
    SCOPED_TRACE(parameter->name);
    const bool is_projection = parameter->name.find("_proj.weight") != std::string::npos;
    EXPECT_EQ(parameter->use, parameter->name == "output.weight" ? WeightUse::kOutput
                              : is_projection                    ? WeightUse::kLinear
                                                                 : WeightUse::kOther);
  }
  config.tying = Tying::kEmbeddings;
  EXPECT_EQ(RandomModel(config)->parameters().Find("src_embed.weight")->use, WeightUse::kOther);
  config.tying = Tying::kAll;
  EXPECT_EQ(RandomModel(config)->parameters().Find("src_embed.weight")->use, WeightUse::kOutput);
}

// Twenty training steps and twenty encodings: nothing stays behind, and nothing more is asked of the system.
TEST(TransformerTest, StepsReturnTheirMemory) {
  const auto model = RandomModel(TinyConfig());
  const std::array<int, 2> lengths = {20, 11};
  const Sentences src(lengths, 11, 1), tgt(lengths, 11, 2);
  std::vector<float> gradients(static_cast<size_t>(model->parameters().flat_size()));
  Workspace workspace;
  int64_t after_first = 0;
  for (int step = 0; step < 20; ++step) {
    Tape tape(workspace, gradients.data(), 1);
    {
      const EncodedSource encoded = model->Encode(workspace, src.view());
      const Variable hidden = model->Decode(workspace, tgt.view(), encoded);
      model->Loss(workspace, hidden, tgt.view(), encoded, {.smoothing = 0.1f});
      tape.Backward();
    }
    EXPECT_EQ(workspace.pool().bytes_in_use(), 0u);
    if (step == 0) after_first = workspace.pool().system_allocations();
    EXPECT_EQ(workspace.pool().system_allocations(), after_first);
  }
}

TEST(TransformerTest, InferenceTakesNoMoreMemoryForMoreLayers) {
  const auto peak = [](int layers) {
    TransformerConfig config = TinyConfig();
    config.encoder_layers = layers;
    const auto model = RandomModel(config);
    const std::array<int, 1> length = {20};
    const Sentences src(length, 11, 1);
    Workspace workspace;
    model->Encode(workspace, src.view());
    return workspace.pool().peak_bytes_in_use();
  };
  EXPECT_EQ(peak(12), peak(2));
}

}  // namespace
}  // namespace dragoman
