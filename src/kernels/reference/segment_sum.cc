// SPDX-License-Identifier: Apache-2.0
#include "kernels/reference/segment_sum.h"

#include <algorithm>

namespace dragoman::kernels::reference {

void SegmentSumForward(const ConstMatrix& x, const ConstMatrix& places, const Packing& segments, const Matrix& out) {
  for (int64_t s = 0; s < segments.sentences(); ++s) {
    for (int64_t c = 0; c < x.cols; ++c) {
      out.At(s, c) = 0;
      for (int64_t i = 0; i < segments.Length(s); ++i) {
        out.At(s, c) += x.At(segments.Begin(s) + i, c) * places.At(std::min(i, places.rows - 1), c);
      }
    }
  }
}

void SegmentSumBackward(const ConstMatrix& x, const ConstMatrix& places, const Packing& segments,
                        const ConstMatrix& dout, const Matrix& dx, bool accumulate, const Matrix& dplaces) {
  for (int64_t s = 0; s < segments.sentences(); ++s) {
    for (int64_t i = 0; i < segments.Length(s); ++i) {
      const int64_t row = segments.Begin(s) + i, place = std::min(i, places.rows - 1);
      for (int64_t c = 0; c < x.cols; ++c) {
        dx.At(row, c) = (accumulate ? dx.At(row, c) : 0) + dout.At(s, c) * places.At(place, c);
        dplaces.At(place, c) += dout.At(s, c) * x.At(row, c);
      }
    }
  }
}

}  // namespace dragoman::kernels::reference
