// SPDX-License-Identifier: Apache-2.0
// A step in which nobody joins or leaves allocates nothing, once the engine has seen as many rows and positions.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "decode/engine.h"
#include "decode/engine_testing.h"
#include "model/model_testing.h"

namespace {
std::atomic<int64_t> allocations = 0;
}  // namespace

void* operator new(size_t bytes) {
  ++allocations;
  if (void* const memory = std::malloc(bytes > 0 ? bytes : 1)) return memory;
  throw std::bad_alloc();
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(bytes > 0 ? bytes : 1);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace dragoman {
namespace {

constexpr int kSteps = 30;

// None ends before kSteps.
DecodeOptions Endless(bool sample) {
  DecodeOptions options;
  options.min_length = kSteps;
  options.max_length_factor = 100;
  options.sample = sample;
  return options;
}

// How many allocations its steady steps make.
int64_t AllocationsOf(const TransformerConfig& config, WeightFormat format, const DecodeOptions& options) {
  const auto weights = RandomModel(config);
  const InferenceModel model(*weights, format);
  const Sentences src({{3, 4, 5, 2}, {6, 7, 2}, {8, 9, 10, 3, 2}});
  Engine engine(model, {.eos = kEos, .unk = kNoUnk});
  const auto add = [&] {
    for (size_t i = 0; i < src.all.size(); ++i) engine.Add({static_cast<int64_t>(i), src.all[i], &options, 0});
  };
  for (int round = 0; round < 2; ++round) {
    add();
    while (!engine.idle()) engine.Step();
  }
  add();
  engine.Step();  // in which they join
  engine.Step();  // and hypotheses become as many as they will be
  engine.Step();
  const int64_t before = allocations;
  for (int step = 3; step < kSteps - 1; ++step) engine.Step();
  const int64_t made = allocations - before;
  EXPECT_FALSE(engine.idle());
  return made;
}

TEST(SteadyStepTest, AllocatesNothing) {
  TransformerConfig config = TinyConfig();
  config.max_tgt_len = 2 * kSteps;
  TransformerConfig recurrent = config;
  recurrent.decoder_ssru = true;
  for (const TransformerConfig& tested : {config, recurrent}) {
    for (const WeightFormat format : {WeightFormat::kF32, WeightFormat::kInt8}) {
      for (const bool sample : {false, true}) {
        SCOPED_TRACE(testing::Message() << EnumName(format) << ", sample " << sample << ", ssru "
                                        << tested.decoder_ssru);
        EXPECT_EQ(AllocationsOf(tested, format, Endless(sample)), 0);
      }
    }
  }
}

}  // namespace
}  // namespace dragoman
