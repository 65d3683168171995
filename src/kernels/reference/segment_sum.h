// SPDX-License-Identifier: Apache-2.0
// Sums of segments written to be read: the twins of kernels/segment_sum.h.
#ifndef DRAGOMAN_KERNELS_REFERENCE_SEGMENT_SUM_H_
#define DRAGOMAN_KERNELS_REFERENCE_SEGMENT_SUM_H_

#include "kernels/segment_sum.h"

namespace dragoman::kernels::reference {

void SegmentSumForward(const ConstMatrix& x, const ConstMatrix& places, const Packing& segments, const Matrix& out);

void SegmentSumBackward(const ConstMatrix& x, const ConstMatrix& places, const Packing& segments,
                        const ConstMatrix& dout, const Matrix& dx, bool accumulate, const Matrix& dplaces);

}  // namespace dragoman::kernels::reference

#endif  // DRAGOMAN_KERNELS_REFERENCE_SEGMENT_SUM_H_
