// SPDX-License-Identifier: Apache-2.0
// Searches of several sentences, for the tests of the engine.
#ifndef DRAGOMAN_DECODE_ENGINE_TESTING_H_
#define DRAGOMAN_DECODE_ENGINE_TESTING_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "decode/engine.h"
#include "model/model_testing.h"

namespace dragoman {

inline constexpr int32_t kEos = 2;
inline constexpr int32_t kNoUnk = -1;

// The results of all, in the order in which they were added. ids: what samples are drawn with, from 0 if not given.
inline std::vector<std::vector<Hypothesis>> SearchWith(Engine& engine, const DecodeOptions& options,
                                                       const Sentences& src, std::span<const int64_t> ids = {}) {
  for (size_t s = 0; s < src.all.size(); ++s) {
    const auto id = static_cast<int64_t>(s);
    engine.Add({id, src.all[s], &options, ids.empty() ? id : ids[s]});
  }
  std::vector<std::vector<Hypothesis>> results(src.all.size());
  while (!engine.idle()) {
    for (SearchResult& result : engine.Step()) {
      EXPECT_EQ(result.error, "");
      results[static_cast<size_t>(result.id)] = std::move(result.hypotheses);
    }
  }
  return results;
}

inline std::vector<std::vector<Hypothesis>> SearchAll(const Transformer& weights, const DecodeOptions& options,
                                                      const Sentences& src,
                                                      const GenerationRules& rules = {.eos = kEos, .unk = kNoUnk}) {
  const InferenceModel model(weights);
  Engine engine(model, rules);
  return SearchWith(engine, options, src);
}

inline DecodeOptions Greedy() {
  DecodeOptions options;
  options.beam_size = 1;
  return options;
}

// Not to rounding: to the last bit.
inline void ExpectSame(const std::vector<Hypothesis>& a, const std::vector<Hypothesis>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].tokens, b[i].tokens);
    EXPECT_EQ(a[i].log_prob, b[i].log_prob);
    EXPECT_EQ(a[i].score, b[i].score);
    EXPECT_EQ(a[i].complete, b[i].complete);
  }
}

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_ENGINE_TESTING_H_
