// SPDX-License-Identifier: Apache-2.0
#include "kernels/segment_sum.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/kernels_testing.h"
#include "kernels/reference/segment_sum.h"

namespace dragoman::kernels {
namespace {

// Of 3, 1, 0 and 2 rows.
const std::vector<int32_t> kOffsets = {0, 3, 4, 4, 6};

TEST(SegmentSumTest, ForwardMatchesItsTwin) {
  ForEachTarget([] {
    for (const int64_t d : TestLengths()) {
      TestMatrix x(6, d, 1), places(2, d, 2), out(4, d), want(4, d);
      SegmentSumForward(x.view(), places.view(), {kOffsets}, out.view());
      reference::SegmentSumForward(x.view(), places.view(), {kOffsets}, want.view());
      ExpectNear(out, want, 3e-7, "out");
    }
  });
}

TEST(SegmentSumTest, BackwardMatchesItsTwin) {
  ForEachTarget([] {
    for (const int64_t d : TestLengths()) {
      for (const bool accumulate : {false, true}) {
        TestMatrix x(6, d, 1), places(2, d, 2), dout(4, d, 3), dx(6, d, 4), dplaces(2, d, 5);
        TestMatrix want_dx = dx, want_dplaces = dplaces;
        SegmentSumBackward(x.view(), places.view(), {kOffsets}, dout.view(), dx.view(), accumulate, dplaces.view());
        reference::SegmentSumBackward(x.view(), places.view(), {kOffsets}, dout.view(), want_dx.view(), accumulate,
                                      want_dplaces.view());
        ExpectNear(dx, want_dx, 3e-7, "dx");
        ExpectNear(dplaces, want_dplaces, 5e-7, "dplaces");
      }
    }
  });
}

}  // namespace
}  // namespace dragoman::kernels
