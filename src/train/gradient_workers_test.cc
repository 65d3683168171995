// SPDX-License-Identifier: Apache-2.0
#include "train/gradient_workers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "train/batch_testing.h"

namespace dragoman {
namespace {

constexpr int kVocab = 23;

TransformerConfig SmallConfig(float dropout) {
  TransformerConfig config;
  config.src_vocab = config.tgt_vocab = kVocab;
  config.encoder_layers = config.decoder_layers = 2;
  config.d_model = 16;
  config.heads = 2;
  config.d_ff = 24;
  config.max_src_len = config.max_tgt_len = 32;
  config.embedding_dropout = config.residual_dropout = config.attention_dropout = config.ffn_dropout = dropout;
  return config;
}

Batch RandomBatch(int sentences) { return dragoman::RandomBatch(sentences, kVocab, /*max_length=*/15, /*seed=*/5); }

// A model and its workers; Gradient() is the sum over workers.
struct Rig {
  WorkerPool pool;
  Transformer model;
  GradientWorkers workers;

  explicit Rig(int threads, int micro_batch_tokens = 1024, float dropout = 0)
      : Rig(threads, {.label_smoothing = 0.1f, .micro_batch_tokens = micro_batch_tokens}, dropout) {}
  Rig(int threads, const GradientOptions& options, float dropout)
      : pool(threads), model(SmallConfig(dropout)), workers(model, pool, options) {
    model.Initialize(3);
  }

  std::vector<double> Gradient() {
    std::vector<double> sum(static_cast<size_t>(model.parameters().flat_size()));
    for (const FlatBuffer& gradient : workers.gradients()) {
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += gradient.data()[i];
    }
    return sum;
  }
};

// For each parameter, differences are small beside its largest gradient: only the order of sums may differ.
void ExpectSameGradient(const Transformer& model, const std::vector<double>& a, const std::vector<double>& b) {
  for (const auto& parameter : model.parameters().parameters()) {
    double largest = 0, worst = 0;
    for (int64_t i = parameter->offset; i < parameter->offset + parameter->size; ++i) {
      const auto at = static_cast<size_t>(i);
      largest = std::max({largest, std::abs(a[at]), std::abs(b[at])});
      worst = std::max(worst, std::abs(a[at] - b[at]));
    }
    // Keys' biases have no gradient but rounding: softmax does not see what all scores share.
    EXPECT_LE(worst, 1e-5 * largest + 1e-7) << parameter->name << ", largest " << largest;
  }
}

void ExpectSameSums(const BatchSums& a, const BatchSums& b) {
  EXPECT_NEAR(a.loss, b.loss, 1e-5 * std::abs(b.loss));
  EXPECT_NEAR(a.nll, b.nll, 1e-5 * std::abs(b.nll));
  EXPECT_EQ(a.src_tokens, b.src_tokens);
  EXPECT_EQ(a.tgt_tokens, b.tgt_tokens);
  EXPECT_EQ(a.sentences, b.sentences);
}

// Without dropout both passes say the same, so there is nothing to agree on.
TEST(GradientWorkersTest, RDropWithoutDropoutChangesNothing) {
  const Batch batch = RandomBatch(9);
  Rig plain(2), twice(2, {.label_smoothing = 0.1f, .r_drop = 5, .micro_batch_tokens = 100}, /*dropout=*/0);
  const BatchSums want = plain.workers.Accumulate(batch, 0.01f, 0);
  ExpectSameSums(twice.workers.Accumulate(batch, 0.01f, 0), want);
  ExpectSameGradient(plain.model, twice.Gradient(), plain.Gradient());
}

TEST(GradientWorkersTest, RDropPutsAPriceOnDisagreement) {
  const Batch batch = RandomBatch(9);
  const auto loss = [&](float weight) {
    Rig rig(2, {.label_smoothing = 0.1f, .r_drop = weight}, /*dropout=*/0.3f);
    const BatchSums sums = rig.workers.Accumulate(batch, 0.01f, 0);
    EXPECT_EQ(sums.sentences, 9);
    EXPECT_EQ(sums.tgt_tokens, batch.tgt_tokens());
    return sums.loss;
  };
  const double little = loss(1e-6f), some = loss(1), more = loss(3);
  EXPECT_GT(some, little);
  EXPECT_NEAR(more - little, 3 * (some - little), 1e-3 * more);  // the same masks each time
}

TEST(GradientWorkersTest, EvaluationKnowsNoRDrop) {
  const Batch batch = RandomBatch(9);
  Rig plain(1), twice(1, {.label_smoothing = 0.1f, .r_drop = 5}, /*dropout=*/0.3f);
  EXPECT_EQ(plain.workers.Evaluate(batch).loss, twice.workers.Evaluate(batch).loss);
}

TEST(GradientWorkersTest, WorkersAndMicroBatchesChangeOnlyRounding) {
  const Batch batch = RandomBatch(17);
  Rig one(1);
  const BatchSums want = one.workers.Accumulate(batch, 0.01f, 0);
  EXPECT_EQ(want.sentences, 17);
  EXPECT_EQ(want.src_tokens, batch.src_tokens());
  EXPECT_EQ(want.tgt_tokens, batch.tgt_tokens());
  for (const int threads : {1, 2, 3}) {
    for (const int micro_batch_tokens : {1, 40, 1000}) {
      SCOPED_TRACE(std::to_string(threads) + " workers, micro-batches of " + std::to_string(micro_batch_tokens));
      Rig rig(threads, micro_batch_tokens);
      ExpectSameSums(rig.workers.Accumulate(batch, 0.01f, 0), want);
      ExpectSameGradient(one.model, rig.Gradient(), one.Gradient());
    }
  }
}

TEST(GradientWorkersTest, Bf16IsForTrainingOnly) {
  if (!kernels::HasFastBf16()) GTEST_SKIP() << "this processor has no AVX512_BF16";
  const Batch batch = RandomBatch(17);
  Rig f32(1);
  GradientWorkers bf16(f32.model, f32.pool, {.label_smoothing = 0.1f, .precision = Precision::kBf16});
  const double trained = bf16.Accumulate(batch, 0.01f, 0).loss, wanted = f32.workers.Accumulate(batch, 0.01f, 0).loss;
  EXPECT_NE(trained, wanted);
  EXPECT_NEAR(trained, wanted, 0.01 * wanted);
  const std::vector<double> want = f32.Gradient();
  double squares = 0, errors = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    squares += want[i] * want[i];
    errors += std::pow(want[i] - static_cast<double>(bf16.gradients()[0].data()[i]), 2);
  }
  EXPECT_GT(errors, 0);
  // A gradient has come through some 20 products, whose operands were rounded by 1/512 of themselves, or less.
  EXPECT_LT(std::sqrt(errors), 0.05 * std::sqrt(squares));
  EXPECT_EQ(bf16.Evaluate(batch).loss, f32.workers.Evaluate(batch).loss);
}

TEST(GradientWorkersTest, MoreWorkersThanSentencesIsFine) {
  const Batch batch = RandomBatch(2);
  Rig one(1), many(5);
  ExpectSameSums(many.workers.Accumulate(batch, 1.0f, 0), one.workers.Accumulate(batch, 1.0f, 0));
  ExpectSameGradient(one.model, many.Gradient(), one.Gradient());
}

TEST(GradientWorkersTest, AccumulatedBatchesEqualOneLargeBatch) {
  const Batch batch = RandomBatch(18);
  Rig whole(2), parts(2);
  const BatchSums want = whole.workers.Accumulate(batch, 0.01f, 0);
  BatchSums sums;
  for (int first = 0; first < 18; first += 6) {
    std::vector<int> sentences;
    for (int s = first; s < first + 6; ++s) sentences.push_back(s);
    sums.Add(parts.workers.Accumulate(batch.Slice(sentences), 0.01f, 0));
  }
  ExpectSameSums(sums, want);
  ExpectSameGradient(whole.model, parts.Gradient(), whole.Gradient());
}

TEST(GradientWorkersTest, EqualArgumentsGiveEqualBits) {
  const Batch batch = RandomBatch(17);
  Rig a(2, 60, /*dropout=*/0.2f), b(2, 60, 0.2f), other_key(2, 60, 0.2f);
  for (uint64_t key = 1; key <= 3; ++key) {
    const double loss = a.workers.Accumulate(batch, 0.01f, key).loss;
    EXPECT_EQ(b.workers.Accumulate(batch, 0.01f, key).loss, loss);
    EXPECT_NE(other_key.workers.Accumulate(batch, 0.01f, key + 10).loss, loss) << "dropout takes no notice of the key";
  }
  for (size_t worker = 0; worker < 2; ++worker) {
    const std::span<float> x = a.workers.gradients()[worker].span(), y = b.workers.gradients()[worker].span();
    EXPECT_EQ(std::memcmp(x.data(), y.data(), x.size_bytes()), 0) << "worker " << worker;
  }
}

// Each micro-batch and worker has masks of its own: the same sentence twice must not be masked alike.
TEST(GradientWorkersTest, MicroBatchesHaveDropoutOfTheirOwn) {
  const Batch one = RandomBatch(1);
  const Batch twice = one.Slice(std::vector<int>{0, 0});
  Rig rig(1, /*micro_batch_tokens=*/1, /*dropout=*/0.3f);
  const double alone = rig.workers.Accumulate(one, 1.0f, 7).loss;
  EXPECT_NE(rig.workers.Accumulate(twice, 1.0f, 7).loss, 2 * alone);
  Rig two(2, 1024, 0.3f);
  EXPECT_NE(two.workers.Accumulate(twice, 1.0f, 7).loss, 2 * two.workers.Accumulate(one, 1.0f, 7).loss);
}

TEST(GradientWorkersTest, EvaluateChangesNothingAndDropsNothing) {
  const Batch batch = RandomBatch(9);
  Rig rig(2, 60, /*dropout=*/0.3f), without_dropout(2, 60);
  rig.workers.Accumulate(batch, 1.0f, 1);
  const std::vector<double> gradient = rig.Gradient();
  const std::vector<float> weights(rig.model.parameters().values().begin(), rig.model.parameters().values().end());
  const BatchSums sums = rig.workers.Evaluate(batch);
  ExpectSameSums(sums, without_dropout.workers.Accumulate(batch, 1.0f, 1));
  EXPECT_EQ(rig.workers.Evaluate(batch).loss, sums.loss);
  EXPECT_EQ(rig.Gradient(), gradient);
  EXPECT_TRUE(std::equal(weights.begin(), weights.end(), rig.model.parameters().values().begin()));

  Rig undisturbed(2, 60, 0.3f);  // what comes after is not changed either
  undisturbed.workers.Accumulate(batch, 1.0f, 1);
  EXPECT_EQ(rig.workers.Accumulate(batch, 1.0f, 2).loss, undisturbed.workers.Accumulate(batch, 1.0f, 2).loss);
  EXPECT_EQ(rig.Gradient(), undisturbed.Gradient());
}

// Along its own direction the loss rises by the gradient's length; central differences, so the error is of order h².
TEST(GradientWorkersTest, GradientIsThatOfTheScaledLoss) {
  const Batch batch = RandomBatch(8);
  Rig rig(2);
  constexpr float kScale = 0.05f;
  rig.workers.Accumulate(batch, kScale, 0);
  const std::vector<double> gradient = rig.Gradient();
  double squares = 0;
  for (const double g : gradient) squares += g * g;
  const double norm = std::sqrt(squares), h = 1e-2;
  const std::span<float> values = rig.model.parameters().values();
  const std::vector<float> start(values.begin(), values.end());
  const auto loss_at = [&](double along) {
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(start[i] + along * gradient[i] / norm);
    return rig.workers.Evaluate(batch).loss * kScale;
  };
  EXPECT_NEAR((loss_at(h) - loss_at(-h)) / (2 * h), norm, 0.005 * norm);
}

// Whatever the architecture, and however long one side is beside the other: within the budget, and using a good part of
// it.
TEST(GradientWorkersTest, MicroBatchesFitAMemoryBudget) {
  std::vector<TransformerConfig> configs(13, SmallConfig(0.1f));
  for (TransformerConfig& config : configs) config.d_model = 64, config.d_ff = 128, config.heads = 4;
  configs[1].norm_order = NormOrder::kPre, configs[1].final_norm = true;
  configs[2].activation = kernels::Activation::kGelu;
  configs[3].gated = true;
  configs[4].d_ff = 512, configs[4].d_head = 40;
  configs[5].encoder_layers = 4, configs[5].decoder_layers = 1;
  configs[6].copy = true;
  configs[7].encoder_repeats = 3, configs[7].decoder_repeats = 2;
  configs[8].segment_end = 4;
  configs[9].relative_buckets = 8, configs[9].relative_per_layer = true, configs[9].decoder_layers = 4;
  configs[10].norm_kind = NormKind::kRms, configs[10].norm_bias = false, configs[10].logit_scale = 0.125f;
  configs[11].ffn_depth = 4;
  configs[12].ffn_depth = 3, configs[12].activation = kernels::Activation::kSilu;
  for (const TransformerConfig& config : configs) {
    for (const auto& [src_len, tgt_len] : {std::pair{15, 15}, {28, 3}, {3, 28}}) {
      constexpr int64_t kBudget = 4 << 20;
      WorkerPool pool(1);
      Transformer model(config);
      model.Initialize(3);
      const auto tokens = static_cast<int>(MicroBatchTokensWithin(config, kBudget));
      GradientWorkers workers(model, pool, {.label_smoothing = 0.1f, .micro_batch_tokens = tokens});
      Batch batch;
      for (int s = 0; s < 200; ++s) {
        for (int i = 0; i < src_len; ++i) batch.src.ids.push_back(3 + (s + i) % 20);
        for (int i = 0; i < tgt_len; ++i) batch.tgt_out.ids.push_back(3 + (s + i) % 20);
        batch.FinishSentence(s, /*decoder_start=*/1);
      }
      ASSERT_GT(batch.src_tokens() + batch.tgt_tokens(), 2 * tokens) << "the budget must bind";
      workers.Accumulate(batch, 1.0f, 1);
      const int64_t peak = workers.peak_activation_bytes();
      SCOPED_TRACE("config " + std::to_string(&config - configs.data()) + ", lengths " + std::to_string(src_len) +
                   " and " + std::to_string(tgt_len) + ": " + std::to_string(tokens) + " tokens, " +
                   std::to_string(peak) + " of " + std::to_string(kBudget) + " bytes");
      EXPECT_LE(peak, kBudget);
      // How long segments are is not known before; of one token each, they would take it all.
      if (!config.has_segments()) {
        EXPECT_GE(peak, kBudget / 3);
      }
    }
  }
}

TEST(GradientWorkersTest, SmallerMicroBatchesTakeLessMemory) {
  const Batch batch = RandomBatch(64);
  Rig small(1, 50), large(1, 2000);
  small.workers.Accumulate(batch, 1.0f, 0);
  large.workers.Accumulate(batch, 1.0f, 0);
  EXPECT_LT(4 * small.workers.peak_activation_bytes(), large.workers.peak_activation_bytes());
}

// On this an exchange with other processes relies that begins before the backward pass has ended.
TEST(GradientWorkersTest, WhatWasToldToBeFinalNeverChangesAgain) {
  std::vector<TransformerConfig> configs;
  for (const Tying tying : {Tying::kAll, Tying::kDecoder, Tying::kNone, Tying::kEmbeddings}) {
    TransformerConfig& config = configs.emplace_back(SmallConfig(0.1f));
    config.tying = tying;
    config.final_norm = config.output_bias = true;
    config.positions = Positions::kLearned;
  }
  configs.resize(8, configs.front());
  configs[4].copy = true;
  configs[5].encoder_repeats = 3, configs[5].decoder_repeats = 2;
  configs[6].segment_end = 7;
  configs[7].relative_buckets = 8, configs[7].relative_per_layer = true;
  for (const TransformerConfig& config : configs) {
    SCOPED_TRACE("config " + std::to_string(&config - configs.data()));
    WorkerPool pool(2);
    Transformer model(config);
    model.Initialize(3);
    GradientWorkers workers(model, pool,
                            {.label_smoothing = 0.1f, .r_drop = config.copy ? 1.0f : 0.0f, .micro_batch_tokens = 60});
    struct Final {
      int64_t offset;
      std::vector<float> values;  // of the gradient from there on
    };
    std::vector<std::vector<Final>> told(2);
    const GradientWorkers::OnFinal on_final = [&](int worker, int64_t offset) {
      const auto w = static_cast<size_t>(worker);
      const std::span<float> from = workers.gradients()[w].span().subspan(static_cast<size_t>(offset));
      told[w].push_back({offset, {from.begin(), from.end()}});
    };
    workers.gradients();
    workers.Accumulate(RandomBatch(8), 0.01f, 1);
    workers.Accumulate(RandomBatch(12), 0.01f, 2, on_final);
    for (size_t w = 0; w < told.size(); ++w) {
      ASSERT_EQ(told[w].size(), 5u) << "two layers each of encoder and decoder, and the end";
      for (size_t i = 1; i < told[w].size(); ++i) EXPECT_LT(told[w][i].offset, told[w][i - 1].offset);
      EXPECT_EQ(told[w].back().offset, 0);
      for (const Final& final : told[w]) {
        EXPECT_EQ(std::memcmp(final.values.data(), workers.gradients()[w].data() + final.offset,
                              final.values.size() * sizeof(float)),
                  0)
            << "worker " << w << ", from " << final.offset;
      }
    }
  }
}

}  // namespace
}  // namespace dragoman
