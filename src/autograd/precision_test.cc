// SPDX-License-Identifier: Apache-2.0
// Each product of the ops, forward and backward, is rounded as the tape says.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace dragoman {
namespace {

using Values = std::vector<float>;

Values Copy(const float* data, int64_t size) { return Values(data, data + size); }

// Different, but by no more than rounding to 8 bits makes it.
void ExpectRounded(const Values& bf16, const Values& f32, const char* what) {
  float largest = 0, worst = 0;
  for (size_t i = 0; i < f32.size(); ++i) {
    largest = std::max(largest, std::abs(f32[i]));
    worst = std::max(worst, std::abs(bf16[i] - f32[i]));
  }
  EXPECT_GT(worst, 1e-5f * largest) << what << " is not rounded";
  EXPECT_LT(worst, 0.02f * largest) << what;
}

struct Result {
  Values y, loss, dx, dw, dv;

  bool operator==(const Result&) const = default;
};

// x W, and the output loss with weights V above it.
Result Compute(Precision precision, bool packs = false) {
  ParameterStore store;
  const Parameter* const w = store.Declare("w", {24, 16}, WeightUse::kLinear);
  const Parameter* const v = store.Declare("v", {9, 16}, WeightUse::kOutput);
  store.Allocate();
  FillRandom(store, 1);
  std::vector<float> gradients(static_cast<size_t>(store.flat_size()));
  const std::vector<int32_t> targets = {0, 8, 3, 3, 7, 1};
  PackedWeights packed;
  WorkerPool pool(2);
  if (packs) packed.Pack(store, precision, pool);
  Workspace workspace;
  workspace.set_precision(precision, packs ? &packed : nullptr);
  Tape tape(workspace, gradients.data(), /*dropout_key=*/0);
  const Variable x = TestInput("x", 6, 24, 2).In(workspace);
  const Variable y = Linear(workspace, x, *w, nullptr);
  const double loss = OutputLoss(workspace, y, *v, nullptr, targets, {.smoothing = 0.1f}).loss;
  const Values y_values = Copy(y.value().data, y.value().size());
  tape.Backward();
  return {y_values, Values{static_cast<float>(loss)}, Copy(tape.Gradient(x).data, x.value().size()),
          Copy(tape.GradientOf(*w), w->size), Copy(tape.GradientOf(*v), v->size)};
}

TEST(PrecisionTest, TheWorkspaceDecidesHowProductsAreRounded) {
  if (!kernels::HasFastBf16()) GTEST_SKIP() << "this processor has no AVX512_BF16";
  const Result f32 = Compute(Precision::kF32), bf16 = Compute(Precision::kBf16);
  ExpectRounded(bf16.y, f32.y, "y");
  ExpectRounded(bf16.loss, f32.loss, "the loss");
  ExpectRounded(bf16.dx, f32.dx, "dx");
  ExpectRounded(bf16.dw, f32.dw, "dW");
  ExpectRounded(bf16.dv, f32.dv, "dV");
}

TEST(PrecisionTest, PackedWeightsGiveTheSameBits) {
  EXPECT_EQ(Compute(Precision::kF32, /*packs=*/true), Compute(Precision::kF32));
  if (!kernels::HasFastBf16()) GTEST_SKIP() << "f32 holds; bf16 is left out: this processor has no AVX512_BF16";
  EXPECT_EQ(Compute(Precision::kBf16, /*packs=*/true), Compute(Precision::kBf16));
}

// Which weights are packed, and that values of now are, not of the first time.
TEST(PrecisionTest, PackedWeightsFollowTheirUse) {
  ParameterStore store;
  store.Declare("bias", {4});
  const Parameter* const linear = store.Declare("linear", {4, 4}, WeightUse::kLinear);
  const Parameter* const output = store.Declare("output", {4, 4}, WeightUse::kOutput);
  const Parameter* const table = store.Declare("table", {4, 4});
  store.Allocate();
  WorkerPool pool(2);
  using kernels::Transpose;
  PackedWeights f32;
  f32.Pack(store, Precision::kF32, pool);
  EXPECT_EQ(f32.Find(*linear, Transpose::kNo), nullptr);
  EXPECT_EQ(f32.Find(*linear, Transpose::kYes), nullptr);
  EXPECT_EQ(f32.Find(*output, Transpose::kNo), nullptr);
  EXPECT_EQ(f32.Find(*table, Transpose::kYes), nullptr);
  ASSERT_NE(f32.Find(*output, Transpose::kYes), nullptr);
  FillRandom(store, 1);
  f32.Pack(store, Precision::kF32, pool);
  std::vector<float> x = {1, 0, 0, 0}, y(4);
  kernels::Gemm(Matrix(x.data(), 1, 4), Transpose::kNo, *f32.Find(*output, Transpose::kYes), Matrix(y.data(), 1, 4));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(y[static_cast<size_t>(i)], output->data[4 * i]);
  if (!kernels::HasFastBf16()) GTEST_SKIP() << "f32 holds; bf16 is left out: this processor has no AVX512_BF16";
  PackedWeights bf16;
  bf16.Pack(store, Precision::kBf16, pool);
  for (const Parameter* const weight : {linear, output}) {
    EXPECT_NE(bf16.Find(*weight, Transpose::kNo), nullptr);
    EXPECT_NE(bf16.Find(*weight, Transpose::kYes), nullptr);
  }
  EXPECT_EQ(bf16.Find(*table, Transpose::kNo), nullptr);
}

TEST(PrecisionTest, WeightsPackedInOnePrecisionAreNotPackedInAnother) {
  ParameterStore store;
  store.Declare("w", {24, 16}, WeightUse::kLinear);
  store.Allocate();
  WorkerPool pool(1);
  PackedWeights packed;
  packed.Pack(store, Precision::kF32, pool);
  EXPECT_NO_THROW(packed.Pack(store, Precision::kF32, pool));
  EXPECT_THROW(packed.Pack(store, Precision::kBf16, pool), InternalError);
}

TEST(PrecisionTest, IsF32UnlessSet) { EXPECT_EQ(Workspace().precision(), Precision::kF32); }

}  // namespace
}  // namespace dragoman
