// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace dragoman {
namespace {

struct OutputLossTest : testing::Test {
  OutputLossTest() : weight(store.Declare("weight", {9, 5})), bias(store.Declare("bias", {9})) {
    store.Allocate();
    FillRandom(store, 1);
  }
  ParameterStore store;
  const Parameter* weight;
  const Parameter* bias;
  std::vector<int32_t> targets = {0, 8, 3, 3, 7, 1};
};

TEST_F(OutputLossTest, Gradients) {
  for (const float smoothing : {0.0f, 0.1f}) {
    for (const Parameter* b : {bias, static_cast<const Parameter*>(nullptr)}) {
      SCOPED_TRACE(testing::Message() << "smoothing " << smoothing << ", bias " << (b != nullptr));
      GradientCheck(store, {{"hidden", 6, 5, 2}}, [&](Workspace& workspace, const std::vector<Variable>& in) {
        return OutputLoss(workspace, in[0], *weight, b, targets, {.smoothing = smoothing}).loss;
      }).Run();
    }
  }
}

TEST_F(OutputLossTest, GradientsAreScaled) {
  GradientCheck(store, {{"hidden", 6, 5, 2}}, [&](Workspace& workspace, const std::vector<Variable>& in) {
    return 0.25 *
           OutputLoss(workspace, in[0], *weight, bias, targets, {.smoothing = 0.1f, .gradient_scale = 0.25f}).loss;
  }).Run();
}

// 600 tokens are three slices; the loss is that of the slices computed alone.
TEST_F(OutputLossTest, SlicesDoNotShow) {
  const TestInput hidden("hidden", 600, 5, 4);
  std::vector<int32_t> many;
  for (int32_t i = 0; i < 600; ++i) many.push_back(i % 9);
  const auto gradients_by = [&](int64_t slice, double& loss) {
    std::vector<float> gradients(static_cast<size_t>(store.flat_size()), 0.0f);
    loss = 0;
    for (int64_t begin = 0; begin < 600; begin += slice) {
      TestInput part("part", slice, 5, 1);
      std::copy_n(hidden.values.begin() + begin * 5, slice * 5, part.values.begin());
      Workspace workspace;
      Tape tape(workspace, gradients.data(), 1);
      const auto wanted = std::span(many).subspan(static_cast<size_t>(begin), static_cast<size_t>(slice));
      loss += OutputLoss(workspace, part.In(workspace), *weight, bias, wanted, {.smoothing = 0.1f}).loss;
      tape.Backward();
    }
    return gradients;
  };
  double whole_loss = 0, parts_loss = 0;
  const std::vector<float> whole = gradients_by(600, whole_loss), parts = gradients_by(100, parts_loss);
  EXPECT_NEAR(whole_loss, parts_loss, 1e-6 * whole_loss);
  for (size_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(whole[i], parts[i], 1e-3);  // sums of 600, of size 100 or so
}

TEST_F(OutputLossTest, LossIsTheSameWithoutRecording) {
  const TestInput hidden("hidden", 6, 5, 2);
  std::vector<float> gradients(static_cast<size_t>(store.flat_size()));
  Workspace recording, plain;
  const Tape tape(recording, gradients.data(), 1);
  const auto with = OutputLoss(recording, hidden.In(recording), *weight, bias, targets, {.smoothing = 0.1f});
  const auto without = OutputLoss(plain, hidden.In(plain), *weight, bias, targets, {.smoothing = 0.1f});
  EXPECT_EQ(with.loss, without.loss);
  EXPECT_EQ(with.nll, without.nll);
}

struct CopyLossTest : OutputLossTest {
  // Sentences of 2, 1 and 3 targets, of 4, 2 and 3 source tokens, some of them twice.
  double Loss(Workspace& workspace, const std::vector<Variable>& in, const OutputLossOptions& options) const {
    const CopySource copies{CopyScores(workspace, in[1], in[2], {tgt_offsets}, {src_offsets}),
                            0.5f,
                            {src_ids, {src_offsets}},
                            {tgt_offsets}};
    return OutputLoss(workspace, in[0], *weight, bias, targets, options, &copies).loss;
  }
  std::vector<int32_t> tgt_offsets = {0, 2, 3, 6}, src_offsets = {0, 4, 6, 9};
  std::vector<int32_t> src_ids = {3, 8, 3, 0, 7, 7, 1, 2, 1};
  std::vector<TestInput> inputs = {{"hidden", 6, 5, 2}, {"q", 6, 4, 3}, {"k", 9, 4, 4}};
};

TEST_F(CopyLossTest, Gradients) {
  GradientCheck(store, inputs, [&](Workspace& workspace, const std::vector<Variable>& in) {
    return Loss(workspace, in, {.smoothing = 0.1f});
  }).Run();
}

// What a source has, its targets find likelier; of another sentence's tokens they know nothing.
TEST_F(CopyLossTest, OnlyTheOwnSourceIsCopied) {
  const auto nll_of = [&](std::vector<int32_t> ids) {
    src_ids = std::move(ids);
    Workspace workspace;
    std::vector<Variable> in;
    for (const TestInput& input : inputs) in.push_back(input.In(workspace));
    return Loss(workspace, in, {});
  };
  targets = {5, 5, 6, 6, 6, 6};
  const double none = nll_of({0, 0, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_LT(nll_of({5, 5, 5, 5, 0, 0, 0, 0, 0}), none);
  const double foreign = nll_of({0, 0, 0, 0, 5, 5, 5, 5, 5});
  EXPECT_NEAR(foreign, nll_of({0, 0, 0, 0, 4, 4, 4, 4, 4}), 0.5);  // 5 is no more use there than 4
  EXPECT_GT(foreign, nll_of({5, 5, 5, 5, 6, 6, 6, 6, 6}));
}

TEST_F(CopyLossTest, GradientsWhereTwoHalvesAreToAgree) {
  targets = {0, 8, 3, 0, 8, 3};
  tgt_offsets = {0, 2, 3, 5, 6};
  src_offsets = {0, 4, 6, 10, 12};
  src_ids = {3, 8, 3, 0, 7, 7, 3, 8, 3, 0, 7, 7};
  inputs[2] = TestInput("k", 12, 4, 4);
  GradientCheck(store, inputs, [&](Workspace& workspace, const std::vector<Variable>& in) {
    return Loss(workspace, in, {.smoothing = 0.1f, .consistency = 3});
  }).Run();
}

// 600 rows are three slices of each half; the loss is that of halves which are one slice each.
TEST_F(OutputLossTest, SlicesOfHalvesDoNotShow) {
  const TestInput hidden("hidden", 600, 5, 4);
  std::vector<int32_t> many;
  for (int32_t i = 0; i < 600; ++i) many.push_back(i % 300 % 9);
  const auto loss_of = [&](int64_t begin, int64_t count) {  // rows [begin, begin + count) and 300 farther
    TestInput part("part", 2 * count, 5, 1);
    std::copy_n(hidden.values.begin() + begin * 5, count * 5, part.values.begin());
    std::copy_n(hidden.values.begin() + (300 + begin) * 5, count * 5, part.values.begin() + count * 5);
    std::vector<int32_t> wanted(many.begin() + begin, many.begin() + begin + count);
    wanted.insert(wanted.end(), wanted.begin(), wanted.end());
    Workspace workspace;
    return OutputLoss(workspace, part.In(workspace), *weight, bias, wanted, {.smoothing = 0.1f, .consistency = 2}).loss;
  };
  double parts = 0;
  for (int64_t begin = 0; begin < 300; begin += 60) parts += loss_of(begin, 60);
  EXPECT_NEAR(loss_of(0, 300), parts, 1e-6 * parts);
}

// Gradients of 600 rows, three slices or three of each half, are those of 60 parts computed alone.
TEST_F(OutputLossTest, SlicesDoNotShowInGradientsOfCopiesAndHalves) {
  constexpr int kRows = 600, kPart = 5;  // a target of 5 rows has a source of 4
  std::vector<int32_t> targets_of, src_ids;
  for (int32_t i = 0; i < kRows; ++i) targets_of.push_back(i % 300 % 9);
  for (int32_t i = 0; i < kRows / kPart * 4; ++i) src_ids.push_back(i % 240 % 7);
  const TestInput hidden("hidden", kRows, 5, 4), q("q", kRows, 4, 5), k("k", kRows / kPart * 4, 4, 6);
  const auto offsets = [](int count, int length) {
    std::vector<int32_t> all;
    for (int i = 0; i <= count; ++i) all.push_back(i * length);
    return all;
  };
  // Of the given sentences, in their order: the gradients of parameters, then of hidden, q and k.
  const auto gradients_of = [&](const std::vector<int>& sentences, float consistency) {
    const auto rows_of = [&](const TestInput& input, int length) {
      TestInput part(input.name, std::ssize(sentences) * length, input.cols, 1);
      auto to = part.values.begin();
      for (const int s : sentences)
        to = std::copy_n(input.values.begin() + s * length * input.cols, length * input.cols, to);
      return part;
    };
    std::vector<int32_t> wanted, ids;
    for (const int s : sentences) {
      wanted.insert(wanted.end(), targets_of.begin() + s * kPart, targets_of.begin() + (s + 1) * kPart);
      ids.insert(ids.end(), src_ids.begin() + s * 4, src_ids.begin() + (s + 1) * 4);
    }
    const std::vector<int32_t> tgt = offsets(static_cast<int>(sentences.size()), kPart);
    const std::vector<int32_t> src = offsets(static_cast<int>(sentences.size()), 4);
    std::vector<float> all(static_cast<size_t>(store.flat_size()), 0.0f);
    Workspace workspace;
    Tape tape(workspace, all.data(), 1);
    const Variable h = rows_of(hidden, kPart).In(workspace), queries = rows_of(q, kPart).In(workspace),
                   keys = rows_of(k, 4).In(workspace);
    const CopySource copies{CopyScores(workspace, queries, keys, {tgt}, {src}), 0.5f, {ids, {src}}, {tgt}};
    OutputLoss(workspace, h, *weight, bias, wanted, {.smoothing = 0.1f, .consistency = consistency}, &copies);
    tape.Backward();
    std::vector<std::vector<float>> result = {all};
    for (const Variable* const x : {&h, &queries, &keys}) {
      result.emplace_back(tape.Gradient(*x).data, tape.Gradient(*x).data + tape.Gradient(*x).size());
    }
    return result;
  };
  for (const float consistency : {0.0f, 2.0f}) {
    std::vector<int> everything;
    for (int s = 0; s < kRows / kPart; ++s) everything.push_back(s);
    const auto whole = gradients_of(everything, consistency);
    std::vector<double> parameters(whole[0].size());
    const int parts = consistency == 0 ? 120 : 60;
    for (int s = 0; s < parts; ++s) {
      const std::vector<int> sentences = consistency == 0 ? std::vector<int>{s} : std::vector<int>{s, s + 60};
      const auto part = gradients_of(sentences, consistency);
      for (size_t i = 0; i < parameters.size(); ++i) parameters[i] += double{part[0][i]};
      for (size_t of = 1; of < 4; ++of) {
        const size_t each = part[of].size() / sentences.size();
        for (size_t n = 0; n < sentences.size(); ++n) {
          for (size_t i = 0; i < each; ++i) {
            ASSERT_NEAR(part[of][n * each + i], whole[of][static_cast<size_t>(sentences[n]) * each + i], 1e-5);
          }
        }
      }
    }
    for (size_t i = 0; i < parameters.size(); ++i) ASSERT_NEAR(whole[0][i], parameters[i], 2e-3);
  }
}

TEST_F(OutputLossTest, RefusesTargetsOfAnotherNumber) {
  Workspace workspace;
  EXPECT_THROW(OutputLoss(workspace, workspace.New(5, 5), *weight, bias, targets, {}), ShapeError);
  EXPECT_THROW(OutputLoss(workspace, workspace.New(6, 4), *weight, bias, targets, {}), ShapeError);
}

}  // namespace
}  // namespace dragoman
