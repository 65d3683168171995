// SPDX-License-Identifier: Apache-2.0
// Training in bf16, and what becomes of it on a machine that has no such arithmetic.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "kernels/gemm.h"
#include "kernels/target.h"
#include "train/trainer_testing.h"

namespace dragoman {
namespace {

class PrecisionTest : public TrainerTest {
 protected:
  void TearDown() override { kernels::UseTarget(kernels::SupportedTargets().front(), "test"); }

  TrainOptions In(Precision precision, const std::string& run, int64_t max_steps) const {
    TrainOptions options = Plain(run, max_steps);
    options.precision = precision;
    options.model.embedding_dropout = options.model.residual_dropout = 0;
    return options;
  }
};

TEST_F(PrecisionTest, Bf16LearnsAsWellAsF32) {
  if (!kernels::HasFastBf16()) GTEST_SKIP() << "this processor has no AVX512_BF16";
  const TrainState f32 = Train(In(Precision::kF32, "f32", 150));
  const TrainState bf16 = Train(In(Precision::kBf16, "bf16", 150));
  EXPECT_NE(Last("bf16", "model.safetensors"), Last("f32", "model.safetensors")) << "trained in f32, both";
  ASSERT_TRUE(f32.has_best && bf16.has_best);
  EXPECT_GT(bf16.best_quality, -1.5) << "as in TrainerTest.LearnsAndCountsWhatItSaw";
  EXPECT_NEAR(bf16.best_quality, f32.best_quality, 0.1);
}

TEST_F(PrecisionTest, ResumedBf16RunEndsWithTheBitsOfAnUninterruptedOne) {
  if (!kernels::HasFastBf16()) GTEST_SKIP() << "this processor has no AVX512_BF16";
  base_.valid_src = base_.valid_tgt = "";  // the end of a run would validate, and count it
  Train(In(Precision::kBf16, "straight", 8));
  Train(In(Precision::kBf16, "run", 4));
  Train(Resumed(In(Precision::kBf16, "run", 8)));
  ExpectSameEnd("run", "straight");
}

// Without the instructions: a word in the log, and f32. An older instruction set stands for an older machine.
TEST_F(PrecisionTest, FallsBackToF32AndSaysSo) {
  kernels::UseTarget(kernels::SupportedTargets().back(), "test");
  ASSERT_FALSE(kernels::HasFastBf16());
  base_.model.d_model = 512;  // wide enough for the precision to decide about micro-batches
  base_.valid_src = base_.valid_tgt = "";
  Train(In(Precision::kF32, "f32", 1));
  const TrainOptions options = In(Precision::kBf16, "bf16", 1);
  ASSERT_TRUE(options.quiet) << "and yet";
  testing::internal::CaptureStderr();
  Train(options);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("warning: `precision` bf16"));
  ExpectSameEnd("bf16", "f32");
}

}  // namespace
}  // namespace dragoman
