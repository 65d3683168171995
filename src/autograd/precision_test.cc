// SPDX-License-Identifier: Apache-2.0
// Each product of the ops, forward and backward, is rounded as the tape says.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "autograd/gradient_check.h"
#include "autograd/ops.h"

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
};

// x W, and the output loss with weights V above it.
Result Compute(Precision precision) {
  ParameterStore store;
  const Parameter* w = store.Declare("w", {24, 16});
  const Parameter* v = store.Declare("v", {9, 16});
  store.Allocate();
  FillRandom(store, 1);
  std::vector<float> gradients(static_cast<size_t>(store.flat_size()));
  const std::vector<int32_t> targets = {0, 8, 3, 3, 7, 1};
  Tape tape;
  tape.set_precision(precision);
  tape.StartRecording(gradients.data(), /*dropout_key=*/0);
  const Variable x = TestInput("x", 6, 24, 2).OnTape(tape);
  const Variable y = Linear(tape, x, *w, nullptr);
  const double loss = OutputLoss(tape, y, *v, nullptr, targets, 0.1f, /*gradient_scale=*/1).loss;
  const Values y_values = Copy(y.value().data, y.value().size());
  tape.Backward();
  return {y_values, Values{static_cast<float>(loss)}, Copy(tape.Gradient(x).data, x.value().size()),
          Copy(tape.GradientOf(*w), w->size), Copy(tape.GradientOf(*v), v->size)};
}

TEST(PrecisionTest, TapeDecidesHowProductsAreRounded) {
  if (!kernels::HasFastBf16()) GTEST_SKIP() << "this processor has no AVX512_BF16";
  const Result f32 = Compute(Precision::kF32), bf16 = Compute(Precision::kBf16);
  ExpectRounded(bf16.y, f32.y, "y");
  ExpectRounded(bf16.loss, f32.loss, "the loss");
  ExpectRounded(bf16.dx, f32.dx, "dx");
  ExpectRounded(bf16.dw, f32.dw, "dW");
  ExpectRounded(bf16.dv, f32.dv, "dV");
}

TEST(PrecisionTest, IsF32UnlessSet) { EXPECT_EQ(Tape().precision(), Precision::kF32); }

}  // namespace
}  // namespace dragoman
