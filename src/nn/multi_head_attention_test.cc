// SPDX-License-Identifier: Apache-2.0
#include "nn/multi_head_attention.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "autograd/gradient_testing.h"

namespace dragoman {
namespace {

constexpr std::array<int32_t, 3> kTarget = {0, 3, 5};
constexpr std::array<int32_t, 3> kSource = {0, 4, 6};

// 2 heads of 3 columns: as wide as neither d_model nor d_model / heads.
constexpr MultiHeadAttention::Options kOptions = {
    .d_model = 8, .heads = 2, .d_head = 3, .bias = true, .attention_dropout = 0};

struct MultiHeadAttentionTest : testing::Test {
  void Make(const MultiHeadAttention::Options& options) {
    attention = std::make_unique<MultiHeadAttention>(store, "attn", options);
    store.Allocate();
    FillRandom(store, 1);
  }
  ParameterStore store;
  std::unique_ptr<MultiHeadAttention> attention;
};

TEST_F(MultiHeadAttentionTest, GradientsOfCausalSelfAttention) {
  MultiHeadAttention::Options options = kOptions;
  options.attention_dropout = 0.2f;
  Make(options);
  GradientCheck(store, {{"x", 5, 8, 2}}, [&](Workspace& workspace, const std::vector<Variable>& in) {
    const Variable y = attention->Forward(workspace, in[0], in[0], {kTarget}, {kTarget}, /*causal=*/true);
    return WeightedSum(workspace, AddResidual(workspace, y, attention->output_bias(), in[0], 0));
  }).Run();
}

TEST_F(MultiHeadAttentionTest, GradientsOfCrossAttentionWithoutBias) {
  MultiHeadAttention::Options options = kOptions;
  options.bias = false;
  Make(options);
  EXPECT_EQ(attention->output_bias(), nullptr);
  GradientCheck(store, {{"x", 5, 8, 2}, {"memory", 6, 8, 3}},
                [&](Workspace& workspace, const std::vector<Variable>& in) {
                  return WeightedSum(
                      workspace, attention->Forward(workspace, in[0], in[1], {kTarget}, {kSource}, /*causal=*/false));
                })
      .Run();
}

TEST_F(MultiHeadAttentionTest, GradientsWithATableOfItsOwnForDistances) {
  MultiHeadAttention::Options options = kOptions;
  options.relative_buckets = 6;
  options.relative_max_distance = 5;
  Make(options);
  EXPECT_EQ(store.Find("attn.relative_bias.weight")->shape, (std::vector<int64_t>{6, 2}));
  for (const bool causal : {false, true}) {
    SCOPED_TRACE(causal);
    GradientCheck(store, {{"x", 5, 8, 2}}, [&](Workspace& workspace, const std::vector<Variable>& in) {
      const Variable y = attention->Forward(workspace, in[0], in[0], {kTarget}, {kTarget}, causal);
      return WeightedSum(workspace, AddResidual(workspace, y, attention->output_bias(), in[0], 0));
    }).Run();
  }
}

// The definition, one query and head at a time in double: softmax(q k^T / sqrt(d_head)) v.
std::vector<double> HeadByDefinition(const ConstMatrix& q, const ConstMatrix& k, const ConstMatrix& v, int head,
                                     int64_t query, int64_t begin, int64_t end) {
  std::vector<double> weights;
  double total = 0;
  for (int64_t key = begin; key < end; ++key) {
    double score = 0;
    for (int64_t c = 3 * head; c < 3 * head + 3; ++c) score += double{q.At(query, c)} * double{k.At(key, c)};
    weights.push_back(std::exp(score / std::sqrt(3.0)));
    total += weights.back();
  }
  std::vector<double> out(3, 0.0);
  for (int64_t key = begin; key < end; ++key) {
    for (int64_t c = 0; c < 3; ++c) {
      out[static_cast<size_t>(c)] +=
          weights[static_cast<size_t>(key - begin)] / total * double{v.At(key, 3 * head + c)};
    }
  }
  return out;
}

TEST_F(MultiHeadAttentionTest, ConcatenatesItsHeadsByDefinition) {
  Make(kOptions);
  Workspace workspace;
  const Variable x = TestInput("x", 5, 8, 2).In(workspace), memory = TestInput("memory", 6, 8, 3).In(workspace);
  const Variable y = attention->Forward(workspace, x, memory, {kTarget}, {kSource}, /*causal=*/false);
  const auto project = [&](const Variable& from, const std::string& name) {
    return Linear(workspace, from, *store.Find("attn." + name + ".weight"), store.Find("attn." + name + ".bias"));
  };
  const Variable q = project(x, "q_proj"), k = project(memory, "k_proj"), v = project(memory, "v_proj");
  const ConstMatrix w = store.Find("attn.out_proj.weight")->value();  // [6, 8]
  for (int64_t row = 0; row < 5; ++row) {
    const size_t s = row < 3 ? 0 : 1;
    std::vector<double> heads;
    for (int head = 0; head < 2; ++head) {
      const auto one = HeadByDefinition(q.value(), k.value(), v.value(), head, row, kSource[s], kSource[s + 1]);
      heads.insert(heads.end(), one.begin(), one.end());
    }
    for (int64_t col = 0; col < 8; ++col) {
      double expected = 0;
      for (int64_t i = 0; i < 6; ++i) expected += heads[static_cast<size_t>(i)] * double{w.At(i, col)};
      EXPECT_NEAR(y.value().At(row, col), expected, 1e-5);
    }
  }
}

TEST_F(MultiHeadAttentionTest, TraceHoldsEveryHeadsWeightsOfTheFirstSentence) {
  Make(kOptions);
  Workspace workspace;
  const Variable x = TestInput("x", 5, 8, 2).In(workspace);
  AttentionTrace trace;
  attention->Forward(workspace, x, x, {kTarget}, {kTarget}, /*causal=*/true, &trace);
  ASSERT_EQ(trace.entries.size(), 2u);
  for (int head = 0; head < 2; ++head) {
    const AttentionTrace::Entry& entry = trace.entries[static_cast<size_t>(head)];
    EXPECT_EQ(entry.path, "attn");
    EXPECT_EQ(entry.head, head);
    ASSERT_EQ(entry.q_len, 3);
    ASSERT_EQ(entry.k_len, 3);
    for (size_t q = 0; q < 3; ++q) {
      double sum = 0;
      for (size_t k = 0; k < 3; ++k) {
        sum += double{entry.weights[q * 3 + k]};
      }
      for (size_t k = q + 1; k < 3; ++k) EXPECT_EQ(entry.weights[q * 3 + k], 0.0f);  // the future
      EXPECT_NEAR(sum, 1, 1e-6);
    }
  }
}

}  // namespace
}  // namespace dragoman
