// SPDX-License-Identifier: Apache-2.0
#include "decode/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <utility>

#include "decode/engine_testing.h"
#include "kernels/softmax.h"
#include "model/model_testing.h"

namespace dragoman {
namespace {

// Log-probabilities of the token after `history` (start token first), with nothing cached.
std::vector<float> NextLogProbs(const Transformer& model, const std::vector<int32_t>& source,
                                const std::vector<int32_t>& history) {
  Workspace workspace;
  const Sentences src({source}), tgt({history});
  const EncodedSource encoded = model.Encode(workspace, src.view());
  const Variable hidden = model.Decode(workspace, tgt.view(), encoded);
  Variable logits = model.Logits(workspace, hidden.value(), tgt.packing(), encoded);
  kernels::LogSoftmaxRows(logits.writable());
  const ConstMatrix last = logits.value().Rows(hidden.rows() - 1, 1);
  return {last.data, last.data + last.cols};
}

// Greedy search as one would first write it.
Hypothesis GreedyByDefinition(const Transformer& model, const std::vector<int32_t>& source, size_t max_length) {
  Hypothesis hypothesis;
  std::vector<int32_t> history = {model.config().decoder_start};
  for (size_t length = 0; length < max_length; ++length) {
    const std::vector<float> log_probs = NextLogProbs(model, source, history);
    const auto best = std::max_element(log_probs.begin(), log_probs.end());
    hypothesis.log_prob += double{*best};
    history.push_back(static_cast<int32_t>(best - log_probs.begin()));
    hypothesis.complete = history.back() == kEos;
    if (hypothesis.complete) break;
    hypothesis.tokens.push_back(history.back());
  }
  return hypothesis;
}

// As many seeds as it takes to see sentences that end and ones that the limit cuts.
TEST(EngineTest, BeamOfOneIsGreedy) {
  const std::array<int, 5> lengths = {3, 1, 9, 5, 7};
  int complete = 0, cut = 0;
  DecodeOptions without_scores = Greedy();
  without_scores.skip_scores = true;
  for (const NamedConfig& named : ConfigsOfEveryKind()) {
    for (const uint64_t seed : {1, 2, 3}) {
      SCOPED_TRACE(named.name + ", seed " + std::to_string(seed));
      const auto model = RandomModel(named.config, seed);
      const Sentences src(lengths, named.config.src_vocab, seed);
      const auto results = SearchAll(*model, Greedy(), src);
      const auto unscored = SearchAll(*model, without_scores, src);
      for (size_t s = 0; s < src.all.size(); ++s) {
        const size_t limit = std::min<size_t>(24, 3 * src.all[s].size() + 10);
        const Hypothesis expected = GreedyByDefinition(*model, src.all[s], limit);
        ASSERT_EQ(results[s].size(), 1u);
        EXPECT_EQ(results[s][0].tokens, expected.tokens);
        EXPECT_EQ(results[s][0].complete, expected.complete);
        EXPECT_NEAR(results[s][0].log_prob, expected.log_prob, 1e-3);  // up to 24 sums, other orders
        ASSERT_EQ(unscored[s].size(), 1u);
        EXPECT_EQ(unscored[s][0].tokens, results[s][0].tokens);
        EXPECT_EQ(unscored[s][0].complete, results[s][0].complete);
        EXPECT_EQ(unscored[s][0].score, 0);
        ++(expected.complete ? complete : cut);
      }
    }
  }
  EXPECT_GT(complete, 10);
  EXPECT_GT(cut, 10);
}

// Where an open hypothesis is waited for, or there are several, probabilities decide: skipping them changes nothing.
TEST(EngineTest, ScoresAreSkippedOnlyWhereTheyDecideNothing) {
  DecodeOptions bound = Greedy(), beam;
  bound.stopping = Stopping::kBound;
  bound.length_penalty = 2;
  const auto model = RandomModel(TinyConfig());
  const Sentences src(std::vector<int>{3, 1, 9}, TinyConfig().src_vocab, 1);
  for (DecodeOptions options : {bound, beam}) {
    const auto expected = SearchAll(*model, options, src);
    options.skip_scores = true;
    const auto found = SearchAll(*model, options, src);
    for (size_t s = 0; s < src.all.size(); ++s) ExpectSame(found[s], expected[s]);
  }
}

// Searched or drawn, what the options forbid is in no output; without them random models do it all the time.
TEST(EngineTest, OutputsKeepToTheirRestrictions) {
  const std::array<int, 5> lengths = {3, 1, 9, 5, 7};
  const auto model = RandomModel(TinyConfig());
  const Sentences src(lengths, model->config().src_vocab, 1);
  const auto count = [&](DecodeOptions options, auto breaks) {
    int64_t found = 0;
    options.n_best = 4;
    for (const bool sample : {false, true}) {
      options.sample = sample;
      for (const auto& n_best : SearchAll(*model, options, src)) found += std::ranges::count_if(n_best, breaks);
    }
    return found;
  };
  const auto repeats = [](const Hypothesis& hypothesis) {
    std::set<std::pair<int32_t, int32_t>> seen;
    for (size_t i = 1; i < hypothesis.tokens.size(); ++i) {
      if (!seen.emplace(hypothesis.tokens[i - 1], hypothesis.tokens[i]).second) return true;
    }
    return false;
  };
  const auto is_short = [](const Hypothesis& hypothesis) { return hypothesis.tokens.size() + 1 < 8; };
  EXPECT_GT(count({}, repeats), 0);
  EXPECT_EQ(count({.no_repeat_ngram = 2}, repeats), 0);
  EXPECT_GT(count({}, is_short), 0);
  EXPECT_EQ(count({.min_length = 8}, is_short), 0);
}

// All translations of at most 4 tokens over 4 words, each scored from scratch.
class ExhaustiveSearch {
 public:
  ExhaustiveSearch(const Transformer& model, const DecodeOptions& options, const std::vector<int32_t>& source)
      : model_(model), options_(options), source_(source) {
    Visit({});
    std::stable_sort(all_.begin(), all_.end(), [](const Hypothesis& a, const Hypothesis& b) {
      return a.complete != b.complete ? a.complete : a.score > b.score;
    });
  }
  const std::vector<Hypothesis>& all() const { return all_; }

 private:
  void Visit(const Hypothesis& past) {
    std::vector<int32_t> history = past.tokens;
    history.insert(history.begin(), model_.config().decoder_start);
    const std::vector<float> log_probs = NextLogProbs(model_, source_, history);
    for (int32_t token = 0; token < 4; ++token) {
      Hypothesis next = past;
      next.log_prob += double{log_probs[static_cast<size_t>(token)]};
      next.complete = token == kEos;
      if (!next.complete) next.tokens.push_back(token);
      const size_t length = past.tokens.size() + 1;
      next.score = next.log_prob / LengthPenaltyOf(options_, static_cast<int64_t>(length));
      if (next.complete || length == 4) {
        all_.push_back(next);
      } else {
        Visit(next);
      }
    }
  }

  const Transformer& model_;
  DecodeOptions options_;
  std::vector<int32_t> source_;
  std::vector<Hypothesis> all_;
};

TEST(EngineTest, ABeamOfAllHypothesesFindsTheTrueNBest) {
  TransformerConfig config = TinyConfig();
  config.src_vocab = config.tgt_vocab = 4;
  const Sentences src({{3, 1, 2}, {0, 2}});
  for (const uint64_t seed : {1, 2, 3, 4}) {
    const auto model = RandomModel(config, seed);
    for (const LengthPenaltyForm penalty : {LengthPenaltyForm::kWu, LengthPenaltyForm::kPower}) {
      for (const float alpha : {0.0f, 0.6f, 1.5f}) {
        for (const int n_best : {1, 5}) {
          SCOPED_TRACE(testing::Message() << "seed " << seed << ", alpha " << alpha << ", " << n_best << " best");
          DecodeOptions options;
          options.beam_size = 128;  // 3 words in 3 places are 27 open hypotheses at most, with 108 continuations
          options.n_best = n_best;
          options.length_penalty_form = penalty;
          options.length_penalty = alpha;
          options.stopping = Stopping::kBound;
          options.max_length = 4;
          const auto results = SearchAll(*model, options, src);
          for (size_t s = 0; s < 2; ++s) {
            const ExhaustiveSearch oracle(*model, options, src.all[s]);
            ASSERT_EQ(results[s].size(), static_cast<size_t>(n_best));
            for (size_t i = 0; i < results[s].size(); ++i) {
              EXPECT_EQ(results[s][i].tokens, oracle.all()[i].tokens);
              EXPECT_NEAR(results[s][i].score, oracle.all()[i].score, 1e-4);
            }
          }
        }
      }
    }
  }
}

// Each hypothesis' log_prob is that of its tokens.
TEST(EngineTest, LogProbIsThatOfTheTokens) {
  const std::array<int, 3> lengths = {3, 1, 6};
  const auto model = RandomModel(TinyConfig());
  const Sentences src(lengths, 11, 1);
  DecodeOptions beam, sample;
  beam.n_best = sample.n_best = 4;
  sample.sample = true;
  for (const DecodeOptions& options : {beam, sample}) {
    const auto results = SearchAll(*model, options, src);
    for (size_t s = 0; s < 3; ++s) {
      ASSERT_EQ(results[s].size(), 4u);
      for (const Hypothesis& hypothesis : results[s]) {
        std::vector<int32_t> history = {model->config().decoder_start};
        std::vector<int32_t> tokens = hypothesis.tokens;
        if (hypothesis.complete) tokens.push_back(kEos);
        double expected = 0;
        for (const int32_t token : tokens) {
          expected += double{NextLogProbs(*model, src.all[s], history)[static_cast<size_t>(token)]};
          history.push_back(token);
        }
        EXPECT_NEAR(hypothesis.log_prob, expected, 1e-3);
        EXPECT_DOUBLE_EQ(hypothesis.score,
                         hypothesis.log_prob / LengthPenaltyOf(options, static_cast<int64_t>(tokens.size())));
      }
      EXPECT_TRUE(std::is_sorted(results[s].begin(), results[s].end(), [](const auto& a, const auto& b) {
        return a.complete == b.complete && a.score > b.score;
      })) << "n-best is not sorted";
    }
  }
}

TEST(EngineTest, AListOfFewerIsTheBeginningOfAListOfMore) {
  const auto model = RandomModel(TinyConfig());
  std::vector<int> lengths(40);
  for (size_t i = 0; i < lengths.size(); ++i) lengths[i] = 1 + static_cast<int>(i) % 13;
  const Sentences src(lengths, 11, 1);
  for (const Stopping stopping :
       {Stopping::kFirst, Stopping::kBound, Stopping::kBeam, Stopping::kFull, Stopping::kNarrow}) {
    for (const auto& [penalty, alpha] :
         {std::pair(LengthPenaltyForm::kWu, 0.6f), {LengthPenaltyForm::kPower, 1.0f}, {LengthPenaltyForm::kWu, 0.0f}}) {
      SCOPED_TRACE(testing::Message() << EnumName(stopping) << ", " << EnumName(penalty) << " " << alpha);
      DecodeOptions options;
      options.stopping = stopping;
      options.length_penalty_form = penalty;
      options.length_penalty = alpha;
      options.n_best = options.beam_size;
      const auto more = SearchAll(*model, options, src);
      for (options.n_best = 1; options.n_best < options.beam_size; ++options.n_best) {
        const auto fewer = SearchAll(*model, options, src);
        for (size_t s = 0; s < more.size(); ++s) {
          ExpectSame(fewer[s], {more[s].begin(), more[s].begin() + options.n_best});
          EXPECT_TRUE(std::is_sorted(more[s].begin(), more[s].end(), RanksBefore));
        }
      }
    }
  }
}

TEST(EngineTest, MoreSamplesAreTheSameOnesAndSomeMore) {
  const auto model = RandomModel(TinyConfig());
  const Sentences src({{3, 4, 5, 2}, {6, 2}});
  DecodeOptions options;
  options.sample = true;
  options.n_best = 3;
  const auto fewer = SearchAll(*model, options, src);
  options.n_best = 8;
  const auto more = SearchAll(*model, options, src);
  for (size_t s = 0; s < more.size(); ++s) {
    EXPECT_TRUE(std::includes(more[s].begin(), more[s].end(), fewer[s].begin(), fewer[s].end(), RanksBefore));
  }
}

TEST(EngineTest, SamplesFollowSeedAndSentenceAndDifferAmongThemselves) {
  const auto model = RandomModel(TinyConfig());
  const Sentences src({{3, 4, 5, 2}, {3, 4, 5, 2}});
  DecodeOptions options;
  options.sample = true;
  options.n_best = 2;
  const auto first = SearchAll(*model, options, src);
  options.seed = 2;
  const auto other_seed = SearchAll(*model, options, src);
  EXPECT_NE(first[0][0].tokens, first[0][1].tokens);
  EXPECT_NE(first[0][0].tokens, first[1][0].tokens);
  EXPECT_NE(first[0][0].tokens, other_seed[0][0].tokens);
}

TEST(EngineTest, LengthIsLimitedByFactorByNumberAndByTheModel) {
  TransformerConfig config = TinyConfig();
  config.tying = Tying::kNone;
  config.output_bias = true;
  const auto model = RandomModel(config);
  model->parameters().Writable("output.bias")[kEos] = -1e9f;  // never ends by itself
  const Sentences src({{3}, {3, 4, 5}});
  const auto lengths_with = [&](const DecodeOptions& options) {
    const auto results = SearchAll(*model, options, src);
    return std::pair(results[0][0].tokens.size(), results[1][0].tokens.size());
  };
  DecodeOptions sample = Greedy();
  sample.sample = true;
  for (DecodeOptions options : {Greedy(), DecodeOptions(), sample}) {
    EXPECT_EQ(lengths_with(options), std::pair(size_t{13}, size_t{19}));  // 3 times, and 10
    options.max_length_factor = 0.5f;
    EXPECT_EQ(lengths_with(options), std::pair(size_t{11}, size_t{12}));  // rounded up
    options.max_length = 5;
    EXPECT_EQ(lengths_with(options), std::pair(size_t{5}, size_t{5}));
    options.max_length = 1000;
    for (const float huge : {100.0f, 1e30f, std::numeric_limits<float>::max()}) {
      options.max_length_factor = huge;
      EXPECT_EQ(lengths_with(options), std::pair(size_t{24}, size_t{24}));  // the model's max_tgt_len
    }
  }
}

// The bias makes it by far the likeliest token.
TEST(EngineTest, TheUnknownTokenIsChosenOnlyWhereAllowed) {
  constexpr int32_t kUnk = 5;
  TransformerConfig config = TinyConfig();
  config.output_bias = true;
  const auto model = RandomModel(config);
  model->parameters().Writable("output.bias")[kUnk] = 50;
  const Sentences src({{3, 4}});
  DecodeOptions sample, beam;
  sample.sample = true;
  sample.n_best = beam.n_best = 3;
  for (DecodeOptions options : {Greedy(), beam, sample}) {
    const GenerationRules rules{.eos = kEos, .unk = kUnk};
    const auto without = SearchAll(*model, options, src, rules).front();
    for (const Hypothesis& h : without) {
      EXPECT_EQ(std::count(h.tokens.begin(), h.tokens.end(), kUnk), 0);
      EXPECT_LT(h.log_prob, -20) << "the model's own probability, not one made up without <unk>";
    }
    options.allow_unk = true;
    const auto allowed = SearchAll(*model, options, src, rules).front();
    EXPECT_GT(std::count(allowed[0].tokens.begin(), allowed[0].tokens.end(), kUnk), 10);
  }
}

TEST(EngineTest, WhatIsForcedComesFirstForNothingAndWhatIsBannedNever) {
  constexpr int32_t kForced = 6, kBanned = 5;
  TransformerConfig config = TinyConfig();
  config.output_bias = true;
  const auto model = RandomModel(config);
  model->parameters().Writable("output.bias")[kBanned] = 50;
  const Sentences src({{3, 4}});
  DecodeOptions sample, cut = Greedy();
  sample.sample = true;
  cut.max_length = 1;
  const GenerationRules rules{.eos = kEos, .banned = {kBanned}, .forced_first = {kForced}};
  for (const DecodeOptions& options : {Greedy(), DecodeOptions(), sample}) {
    const Hypothesis best = SearchAll(*model, options, src, rules).front().front();
    EXPECT_EQ(best.tokens.front(), kForced);
    EXPECT_EQ(std::count(best.tokens.begin(), best.tokens.end(), kBanned), 0);
  }
  EXPECT_EQ(SearchAll(*model, cut, src, rules).front().front().log_prob, 0);
}

TEST(EngineTest, SamplesThatEndRankBeforeThoseThatWereCut) {
  const auto model = RandomModel(TinyConfig());
  DecodeOptions options;
  options.sample = true;
  options.n_best = 64;
  options.max_length = 6;
  options.length_penalty = 0;
  const auto samples = SearchAll(*model, options, Sentences({{3, 4, 5, 2}}))[0];
  EXPECT_TRUE(samples.front().complete);
  EXPECT_FALSE(samples.back().complete);
  EXPECT_TRUE(std::is_sorted(samples.begin(), samples.end(), RanksBefore));
  EXPECT_FALSE(std::is_sorted(samples.begin(), samples.end(),
                              [](const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; }));
}

TEST(EngineTest, DamagedWeightsAreAnErrorOfEachSentence) {
  const auto weights = RandomModel(TinyConfig());
  for (float& w : weights->parameters().Writable("decoder.layers.1.ffn_norm.bias")) {
    w = std::numeric_limits<float>::quiet_NaN();
  }
  DecodeOptions sample, without_scores = Greedy();
  sample.sample = true;
  without_scores.skip_scores = true;
  for (const WeightFormat format : {WeightFormat::kF32, WeightFormat::kInt8}) {
    const InferenceModel model(*weights, format);
    for (const DecodeOptions& options : {Greedy(), without_scores, DecodeOptions(), sample}) {
      Engine engine(model, {.eos = kEos, .unk = kNoUnk});
      const Sentences src({{3, 4}, {5}});
      for (int64_t i = 0; i < 2; ++i) engine.Add({i, src.all[static_cast<size_t>(i)], &options, i});
      int errors = 0;
      while (!engine.idle()) {
        for (const SearchResult& result : engine.Step()) errors += !result.error.empty();
      }
      EXPECT_EQ(errors, 2);
    }
  }
}

}  // namespace
}  // namespace dragoman
