// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/kernels_testing.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/lanes_test.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

void ExpOfAll(const float* x, int64_t n, float* y) {
  ForEachVector(n, [&](int64_t i, auto lanes) DRAGOMAN_LANES { lanes.Store(Exp(lanes.Load(x + i)), y + i); });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(ExpOfAll);

namespace {

std::vector<float> ExpOf(const std::vector<float>& x) {
  std::vector<float> y(x.size());
  HWY_DYNAMIC_DISPATCH(ExpOfAll)(x.data(), static_cast<int64_t>(x.size()), y.data());
  return y;
}

TEST(LanesTest, ExpIsWithinAUnitInTheLastPlace) {
  std::vector<float> x;
  for (float v = -87.33f; v < 88.0f; v += 0.00037f) x.push_back(v);
  for (float v = 1e-30f; v < 1.0f; v *= 1.01f) x.insert(x.end(), {v, -v});
  ForEachTarget([&] {
    const std::vector<float> y = ExpOf(x);
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double want = std::exp(double{x[i]});
      const double last_place = std::nextafter(static_cast<float>(want), HUGE_VALF) - static_cast<float>(want);
      worst = std::max(worst, std::abs(double{y[i]} - want) / last_place);
    }
    EXPECT_LT(worst, 1.0);
    EXPECT_EQ(ExpOf({0.0f, -0.0f}), (std::vector<float>{1.0f, 1.0f}));
  });
}

TEST(LanesTest, ExpOfWhatIsNoSmallNumber) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  ForEachTarget([&] {
    for (const float y : ExpOf({-87.4f, -100.0f, -1e10f, -3e38f, -kInf})) EXPECT_EQ(y, 0.0f);
    EXPECT_TRUE(std::isnan(ExpOf({std::numeric_limits<float>::quiet_NaN()})[0]));
  });
}

}  // namespace
}  // namespace dragoman::kernels
#endif  // HWY_ONCE
