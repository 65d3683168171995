// SPDX-License-Identifier: Apache-2.0
// Sentences that share an engine: who comes when, with which options, and who leaves.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "decode/engine.h"
#include "decode/engine_testing.h"
#include "model/model_testing.h"

namespace dragoman {
namespace {

// Alone, among others, in another order, and with others that come when it is on its way: in every weight format.
TEST(EngineJoiningTest, ASentencesResultDoesNotDependOnTheOthersNorOnWhenTheyCome) {
  const std::array<int, 12> lengths = {3, 1, 9, 5, 7, 20, 2, 2, 13, 4, 6, 17};
  DecodeOptions beam, sample;
  beam.n_best = sample.n_best = 3;
  sample.sample = true;
  for (const NamedConfig& named : ConfigsOfEveryKind()) {
    const auto weights = RandomModel(named.config);
    const Sentences src(lengths, named.config.src_vocab, 1);
    for (const WeightFormat format : {WeightFormat::kF32, WeightFormat::kInt8}) {
      const InferenceModel model(*weights, format);
      for (const DecodeOptions& options : {Greedy(), beam, sample}) {
        SCOPED_TRACE(testing::Message() << named.name << ", " << EnumName(format) << ", beam " << options.beam_size
                                        << ", sample " << options.sample);
        Engine engine(model, {.eos = kEos, .unk = kNoUnk});
        const auto together = SearchWith(engine, options, src);
        Sentences backwards = src;
        std::reverse(backwards.all.begin(), backwards.all.end());
        backwards.Pack();
        std::array<int64_t, 12> ids;
        std::iota(ids.rbegin(), ids.rend(), 0);
        const auto reversed = SearchWith(engine, options, backwards, ids);
        std::vector<std::vector<Hypothesis>> late(src.all.size());
        for (size_t next = 0; next < src.all.size() || !engine.idle();) {  // one more with every step
          if (next < src.all.size()) {
            const auto id = static_cast<int64_t>(next);
            engine.Add({id, src.all[next], &options, id});
            ++next;
          }
          for (SearchResult& result : engine.Step()) late[static_cast<size_t>(result.id)] = result.hypotheses;
        }
        for (size_t s = 0; s < src.all.size(); ++s) {
          const auto id = static_cast<int64_t>(s);
          ExpectSame(together[s], SearchWith(engine, options, Sentences({src.all[s]}), {&id, 1}).front());
          ExpectSame(together[s], reversed[src.all.size() - 1 - s]);
          ExpectSame(together[s], late[s]);
        }
      }
    }
  }
}

// What finds no room waits, or waits once more when it grows beyond what was thought, and is found the same.
TEST(EngineJoiningTest, WithinLittleMemoryFewerRunAtATime) {
  TransformerConfig config = TinyConfig();
  config.max_src_len = config.max_tgt_len = 300;
  const auto weights = RandomModel(config);
  const InferenceModel model(*weights);
  const Sentences src(std::vector<int>(40, 6), config.src_vocab, 1);
  DecodeOptions options{.n_best = 8, .max_length_factor = 100, .min_length = 120};
  options.sample = true;  // samples share nothing of their past
  const GenerationRules rules{.eos = kEos, .unk = kNoUnk};
  Engine free(model, rules);
  const auto expected = SearchWith(free, options, src);
  const int64_t sentence = 8 * 130 * Decoder::PositionBytes(config);  // of bytes, or somewhat more
  const int64_t most = Engine::LeastBytes(config) + 2 * sentence;
  Engine limited(model, rules, most);
  const auto found = SearchWith(limited, options, src);
  for (size_t s = 0; s < src.all.size(); ++s) ExpectSame(found[s], expected[s]);
  EXPECT_GT(static_cast<int64_t>(free.memory().peak_bytes_in_use()), 2 * most);
  const int64_t chunk = 64 * Decoder::PositionBytes(config);  // that keys and values come in
  EXPECT_LE(static_cast<int64_t>(limited.memory().peak_bytes_in_use()), most + chunk);
}

TEST(EngineJoiningTest, WhatIsTooLargeEvenAloneIsAnError) {
  TransformerConfig config = TinyConfig();
  config.max_src_len = config.max_tgt_len = 20000;
  const auto weights = RandomModel(config);
  const InferenceModel model(*weights);
  Engine engine(model, {.eos = kEos, .unk = kNoUnk}, Engine::LeastBytes(config));
  const Sentences src(std::vector<int>{20000, 5, 5}, config.src_vocab, 1);
  DecodeOptions usual, greedy_for_memory{.n_best = 256, .max_length_factor = 1000, .min_length = 4000};
  greedy_for_memory.sample = true;
  engine.Add({0, src.all[0], &usual, 0});
  engine.Add({1, src.all[1], &greedy_for_memory, 0});
  engine.Add({2, src.all[2], &usual, 0});
  std::map<int64_t, std::string> errors;
  while (!engine.idle()) {
    for (const SearchResult& result : engine.Step()) errors[result.id] = result.error;
  }
  EXPECT_NE(errors.at(0).find("`max_memory_mb`"), std::string::npos) << "its source alone";
  EXPECT_NE(errors.at(1).find("`max_memory_mb`"), std::string::npos) << "its hypotheses";
  EXPECT_EQ(errors.at(2), "");
}

// A list of all there is changes nothing, in every format; one of some leaves the others unsaid, and no likelihood is
// another one for the rest.
TEST(EngineJoiningTest, AShortlistIsEachSentencesOwn) {
  const TransformerConfig config = TinyConfig();
  const auto weights = RandomModel(config);
  const Sentences src({{3, 4, 5, 2}, {6, 7, 2}, {8, 9, 10, 3, 2}, {3, 4, 5, 2}});
  std::vector<int32_t> all(static_cast<size_t>(config.tgt_vocab));
  std::iota(all.begin(), all.end(), 0);
  const std::vector<int32_t> some = {kEos, 4, 7, 8};
  const DecodeOptions options{.n_best = 2, .min_length = 3, .no_repeat_ngram = 2};
  for (const WeightFormat format : {WeightFormat::kF32, WeightFormat::kBf16, WeightFormat::kF16, WeightFormat::kInt8}) {
    SCOPED_TRACE(EnumName(format));
    const InferenceModel model(*weights, format);
    Engine engine(model, {.eos = kEos, .unk = kNoUnk});
    const auto expected = SearchWith(engine, options, src);
    const auto search = [&](const std::array<std::span<const int32_t>, 4>& shortlists) {
      std::map<int64_t, std::vector<Hypothesis>> found;
      for (size_t i = 0; i < 4; ++i) {
        engine.Add(
            {.id = static_cast<int64_t>(i), .source = src.all[i], .options = &options, .shortlist = shortlists[i]});
      }
      while (!engine.idle()) {
        for (SearchResult& result : engine.Step()) found[result.id] = result.hypotheses;
      }
      return found;
    };
    const auto of_all = search({all, {}, all, all});
    for (size_t i = 0; i < 4; ++i) ExpectSame(of_all.at(static_cast<int64_t>(i)), expected[i]);
    const auto of_some = search({some, {}, all, some});
    ExpectSame(of_some.at(1), expected[1]);
    ExpectSame(of_some.at(2), expected[2]);
    ExpectSame(of_some.at(0), of_some.at(3));
    for (const Hypothesis& hypothesis : of_some.at(0)) {
      EXPECT_GE(hypothesis.tokens.size(), 2u);
      for (const int32_t token : hypothesis.tokens) EXPECT_TRUE(std::ranges::count(some, token) > 0) << token;
    }
  }
}

// Options are each sentence's own.
TEST(EngineJoiningTest, SentencesWithOptionsOfTheirOwnShareAStep) {
  const auto weights = RandomModel(TinyConfig());
  const InferenceModel model(*weights);
  const Sentences src({{3, 4, 5, 2}, {3, 4, 5, 2}, {3, 4, 5, 2}});
  DecodeOptions sample, short_ones;
  sample.sample = true;
  short_ones.max_length = 3;
  const std::array<const DecodeOptions*, 3> options = {&sample, &short_ones, nullptr};
  const DecodeOptions usual;
  Engine engine(model, {.eos = kEos, .unk = kNoUnk});
  std::map<int64_t, std::vector<Hypothesis>> found;
  for (int64_t i = 0; i < 3; ++i) {
    const DecodeOptions* const own = options[static_cast<size_t>(i)];
    engine.Add({i, src.all[static_cast<size_t>(i)], own != nullptr ? own : &usual, /*sentence=*/0});
  }
  while (!engine.idle()) {
    for (SearchResult& result : engine.Step()) found[result.id] = result.hypotheses;
  }
  const Sentences one({src.all[0]});
  ExpectSame(found[0], SearchWith(engine, sample, one)[0]);
  ExpectSame(found[1], SearchWith(engine, short_ones, one)[0]);
  ExpectSame(found[2], SearchWith(engine, usual, one)[0]);
}

// Waiting or on its way, what is cancelled is gone with its memory, and the others are as without it.
TEST(EngineJoiningTest, WhatIsCancelledDisturbsNobody) {
  const auto weights = RandomModel(TinyConfig());
  const InferenceModel model(*weights);
  const Sentences src({{3, 4, 5, 2}, {6, 7, 2}, {8, 9, 10, 3, 2}});
  const DecodeOptions options{.min_length = 8};  // so that all are on their way when one is cancelled
  Engine engine(model, {.eos = kEos, .unk = kNoUnk});
  const auto expected = SearchWith(engine, options, src);
  const size_t before = engine.memory().bytes_in_use();
  for (int64_t i = 0; i < 3; ++i) engine.Add({i, src.all[static_cast<size_t>(i)], &options, i});
  engine.Cancel(0);
  std::map<int64_t, std::vector<Hypothesis>> found;
  for (int step = 0; !engine.idle(); ++step) {
    for (SearchResult& result : engine.Step()) found[result.id] = result.hypotheses;
    if (step == 2) engine.Cancel(1);
    if (step == 2) engine.Cancel(77);  // whom nobody knows
  }
  ASSERT_EQ(found.size(), 1u);
  ExpectSame(found[2], expected[2]);
  EXPECT_LE(engine.memory().bytes_in_use(), before);
}

// Many more than there is room for, some of them very long.
TEST(EngineJoiningTest, ThoseThatFindNoRoomWait) {
  TransformerConfig config = TinyConfig();
  config.max_src_len = 3000;
  const auto weights = RandomModel(config);
  const InferenceModel model(*weights);
  std::vector<int> lengths(300, 4);
  lengths[100] = lengths[101] = lengths[250] = 2900;
  const Sentences src(lengths, 11, 1);
  DecodeOptions options;
  options.max_length = 5;
  Engine engine(model, {.eos = kEos, .unk = kNoUnk});
  size_t added = 0, most_at_once = 0, done = 0;
  while (added < src.all.size() || !engine.idle()) {
    while (added < src.all.size() && engine.HasRoom()) {
      engine.Add({static_cast<int64_t>(added), src.all[added], &options, 0});
      ++added;
    }
    most_at_once = std::max(most_at_once, added - done);
    done += engine.Step().size();
  }
  EXPECT_EQ(done, src.all.size());
  EXPECT_LE(most_at_once, 17u);  // 64 rows of beams of 4
  EXPECT_GE(most_at_once, 15u);
}

}  // namespace
}  // namespace dragoman
