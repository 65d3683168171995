// SPDX-License-Identifier: Apache-2.0
// Once it has seen each batch, training asks the system for nothing: no page more, and no byte more for malloc.
#include <gtest/gtest.h>
#include <malloc.h>

#include <vector>

#include "train/batch_testing.h"
#include "train/gradient_workers.h"
#include "train/optimizer.h"
#include "train/resources_testing.h"

namespace dragoman {
namespace {

constexpr int kVocab = 500;

int64_t MallocBytesFromSystem() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<int64_t>(info.arena + info.hblkhd);
}

void TestSteadySteps(Precision precision) {
  TransformerConfig config = TransformerConfig::Preset("tiny");
  config.src_vocab = config.tgt_vocab = kVocab;
  Transformer model(config);
  model.Initialize(1);
  WorkerPool pool(2);
  GradientWorkers workers(model, pool, {.micro_batch_tokens = 512, .precision = precision});
  Optimizer optimizer({.clip_norm = 1, .ema_decay = 0.999f}, model.parameters().flat_size());
  std::vector<Batch> batches;
  for (const int sentences : {40, 7, 1, 64, 23}) {
    batches.push_back(RandomBatch(sentences, kVocab, /*max_length=*/40, static_cast<uint64_t>(sentences)));
  }
  const auto epoch = [&](int64_t number) {
    for (const Batch& batch : batches) {
      workers.Accumulate(batch, 1e-3f, static_cast<uint64_t>(number));
      const double norm = optimizer.SumGradients(pool, workers.gradients());
      optimizer.Update(pool, 1e-4, number, norm, workers.gradients(), model.parameters().values());
    }
  };
  epoch(1);
  epoch(2);
  const int64_t faults = PageFaults(), bytes = MallocBytesFromSystem(), allocations = workers.system_allocations();
  for (int64_t number = 3; number < 13; ++number) epoch(number);
  EXPECT_EQ(workers.system_allocations(), allocations);
  EXPECT_EQ(MallocBytesFromSystem(), bytes);
  EXPECT_LE(PageFaults() - faults, 5) << "in 50 steps";
}

TEST(SteadyStepTest, AsksTheSystemForNothing) { TestSteadySteps(Precision::kF32); }

TEST(SteadyStepTest, AsksTheSystemForNothingInBf16) {
  if (!kernels::HasFastBf16()) GTEST_SKIP() << "this processor has no AVX512_BF16";
  TestSteadySteps(Precision::kBf16);
}

}  // namespace
}  // namespace dragoman
