// SPDX-License-Identifier: Apache-2.0
#include "model/decoder_state.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "autograd/tape.h"
#include "base/error.h"
#include "kernels/kernels_testing.h"
#include "model/model_testing.h"

namespace dragoman {
namespace {

TEST(DecoderStateTest, FollowsEveryHypothesisToItsAncestors) {
  const std::vector<int32_t> offsets = {0, 4, 6};
  DecoderState state({offsets}, 1);
  EXPECT_EQ(state.hypotheses(), 2);
  state.Advance();                                    // rows 0, 1
  state.Reorder(std::array<int32_t, 4>{1, 0, 0, 1});  // of sentences 1, 0, 0, 1
  state.Advance();                                    // rows 0 to 3
  state.Reorder(std::array<int32_t, 2>{3, 1});
  EXPECT_EQ(state.step(), 2);
  EXPECT_EQ(state.hypotheses(), 2);
  EXPECT_EQ(state.sentence(0), 1);
  EXPECT_EQ(state.sentence(1), 0);
  EXPECT_EQ(state.AncestorRow(0, 0), 1);
  EXPECT_EQ(state.AncestorRow(0, 1), 3);
  EXPECT_EQ(state.AncestorRow(1, 0), 0);
  EXPECT_EQ(state.AncestorRow(1, 1), 1);
  state.Reorder({});
  EXPECT_EQ(state.hypotheses(), 0);
}

TEST(DecoderStateTest, RefusesAParentThatIsNotThere) {
  const std::vector<int32_t> offsets = {0, 1};
  DecoderState state({offsets}, 1);
  EXPECT_THROW(state.Reorder(std::array<int32_t, 1>{1}), InternalError);
  EXPECT_THROW(state.Reorder(std::array<int32_t, 1>{-1}), InternalError);
}

// A hypothesis of the test: what the decoder has been fed for it, start token first.
struct History {
  size_t sentence;
  std::vector<int32_t> tokens;
};

// The last position's logits with nothing cached: the decoder over the whole history of one hypothesis.
std::vector<float> LogitsFromScratch(const Transformer& model, const Sentences& src, const History& history) {
  Workspace workspace;
  const Sentences one_src({src.all[history.sentence]}), tgt({history.tokens});
  const EncodedSource encoded = model.Encode(workspace, one_src.view());
  const Variable hidden = model.Decode(workspace, tgt.view(), encoded);
  const Variable logits = AllLogits(model, workspace, hidden, tgt.packing(), encoded);
  const ConstMatrix last = logits.value().Rows(hidden.rows() - 1, 1);
  return {last.data, last.data + last.cols};
}

// Both ways compute the same sums in other orders, through some thirty ops of f32: 1e-4 of the largest logit is a
// thousand roundings; a wrong cache row, position or ancestor changes logits by tenths.
void ExpectSameLogits(const ConstMatrix& cached, const Transformer& model, const Sentences& src,
                      const std::vector<History>& histories) {
  ASSERT_EQ(cached.rows, static_cast<int64_t>(histories.size()));
  for (size_t h = 0; h < histories.size(); ++h) {
    const std::vector<float> expected = LogitsFromScratch(model, src, histories[h]);
    double largest = 1;
    for (const float logit : expected) largest = std::max(largest, std::abs(double{logit}));
    for (int64_t v = 0; v < cached.cols; ++v) {
      ASSERT_NEAR(cached.At(static_cast<int64_t>(h), v), expected[static_cast<size_t>(v)], 1e-4 * largest)
          << "hypothesis " << h << ", position " << histories[h].tokens.size() - 1 << ", token " << v;
    }
  }
}

TEST(CachedDecodingTest, EqualsRecomputingFromScratchWhileHypothesesAreReordered) {
  kernels::ForEachTarget([&] {
    const std::array<int, 3> lengths = {4, 1, 7};
    for (const NamedConfig& named : ConfigsOfEveryKind()) {
      SCOPED_TRACE(named.name);
      const auto model = RandomModel(named.config);
      const Sentences src(lengths, named.config.src_vocab, 1);
      const auto vocab = static_cast<uint64_t>(named.config.tgt_vocab);
      Rng rng(5);
      Workspace workspace;
      {
        const EncodedSource encoded = model->Encode(workspace, src.view());
        const auto state = model->StartDecoding(workspace, encoded);
        std::vector<History> histories;
        for (size_t s = 0; s < 3; ++s) histories.push_back({s, {named.config.decoder_start}});
        for (int step = 0; step < 12; ++step) {
          std::vector<int32_t> newest;
          for (const History& history : histories) newest.push_back(history.tokens.back());
          const Variable logits = model->Step(workspace, *state, newest);
          ExpectSameLogits(logits.value(), *model, src, histories);
          if (testing::Test::HasFatalFailure()) return;
          // From 1 to 6 hypotheses go on, of any parents, so some sentences end on the way.
          std::vector<int32_t> parents;
          std::vector<History> next;
          for (uint64_t n = 1 + rng.Below(6); n > 0; --n) {
            parents.push_back(static_cast<int32_t>(rng.Below(histories.size())));
            next.push_back(histories[static_cast<size_t>(parents.back())]);
            next.back().tokens.push_back(static_cast<int32_t>(rng.Below(vocab)));
          }
          state->Reorder(parents);
          histories = next;
        }
      }
      EXPECT_EQ(workspace.pool().bytes_in_use(), 0u);  // the caches have gone with the state
    }
  });
}

TEST(CachedDecodingTest, AHypothesisIsTheSameAloneAndAmongOthers) {
  kernels::ForEachTarget([&] {
    const std::array<int, 3> lengths = {4, 1, 7};
    for (const NamedConfig& named : ConfigsOfEveryKind()) {
      SCOPED_TRACE(named.name);
      const auto model = RandomModel(named.config);
      const Sentences src(lengths, named.config.src_vocab, 1);
      Workspace workspace;
      const EncodedSource encoded = model->Encode(workspace, src.view());
      const auto together = model->StartDecoding(workspace, encoded);
      std::vector<Sentences> alone_src;
      std::vector<std::unique_ptr<DecoderState>> alone;
      for (const auto& sentence : src.all) {
        alone_src.push_back(Sentences({sentence}));
        const EncodedSource one_encoded = model->Encode(workspace, alone_src.back().view());
        alone.push_back(model->StartDecoding(workspace, one_encoded));
      }
      std::array<int32_t, 3> tokens;
      tokens.fill(named.config.decoder_start);
      for (int32_t step = 0; step < 6; ++step) {
        const Variable logits = model->Step(workspace, *together, tokens);
        for (size_t s = 0; s < 3; ++s) {
          const Variable one = model->Step(workspace, *alone[s], {&tokens[s], 1});
          for (int64_t v = 0; v < one.cols(); ++v) {
            ASSERT_EQ(logits.value().At(static_cast<int64_t>(s), v), one.value().At(0, v)) << "step " << step;
          }
          tokens[s] = (step * 3 + static_cast<int32_t>(s)) % named.config.tgt_vocab;
        }
      }
    }
  });
}

TEST(CachedDecodingTest, FollowsChangedParametersAfterPrepareForDecoding) {
  TransformerConfig config = TinyConfig();
  const auto model = RandomModel(config);
  const Sentences src({{3, 4, 2}});
  const auto first_logits = [&] {
    Workspace workspace;
    const auto state = model->StartDecoding(workspace, model->Encode(workspace, src.view()));
    const Variable logits = model->Step(workspace, *state, std::array<int32_t, 1>{config.decoder_start});
    return std::vector<float>(logits.value().data, logits.value().data + logits.cols());
  };
  FillRandom(model->parameters(), 2);
  model->PrepareForDecoding();
  const std::vector<float> changed = first_logits();
  const auto fresh = RandomModel(config);
  FillRandom(fresh->parameters(), 2);
  fresh->PrepareForDecoding();
  Workspace workspace;
  const auto state = fresh->StartDecoding(workspace, fresh->Encode(workspace, src.view()));
  const Variable expected = fresh->Step(workspace, *state, std::array<int32_t, 1>{config.decoder_start});
  for (int64_t v = 0; v < expected.cols(); ++v) EXPECT_EQ(changed[static_cast<size_t>(v)], expected.value().At(0, v));
}

TEST(CachedDecodingTest, NeedsPrepareForDecoding) {
  const Transformer model(TinyConfig());
  Workspace workspace;
  EXPECT_THROW(model.Logits(workspace, Matrix(nullptr, 0, 8), {}, {}), InternalError);
}

TEST(DecoderStateTest, AStepIsNotForTraining) {
  const auto model = RandomModel(TinyConfig());
  const std::array<int, 1> length = {3};
  const Sentences src(length, 11, 1);
  Workspace workspace;
  const EncodedSource encoded = model->Encode(workspace, src.view());
  const auto state = model->StartDecoding(workspace, encoded);
  std::vector<float> gradients(static_cast<size_t>(model->parameters().flat_size()));
  const Tape tape(workspace, gradients.data(), /*dropout_key=*/0);
  EXPECT_THROW(model->Step(workspace, *state, std::array<int32_t, 1>{1}), InternalError);
}

}  // namespace
}  // namespace dragoman
