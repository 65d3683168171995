// SPDX-License-Identifier: Apache-2.0
// Rows of a matrix summed in groups, each times a vector for its place in the group.
#ifndef DRAGOMAN_KERNELS_SEGMENT_SUM_H_
#define DRAGOMAN_KERNELS_SEGMENT_SUM_H_

#include "tensor/matrix.h"
#include "tensor/packed.h"

namespace dragoman::kernels {

// out[s] = sum over the rows t of segment s of x[t] * places[min(t - first of s, last place)], in the order of t.
//   x [tokens, d]; places [p, d], p > 0; out [segments, d]. A segment without rows is 0.
void SegmentSumForward(const ConstMatrix& x, const ConstMatrix& places, const Packing& segments, const Matrix& out);

// dx is added to when accumulate is set, else overwritten; dplaces is added to.
void SegmentSumBackward(const ConstMatrix& x, const ConstMatrix& places, const Packing& segments,
                        const ConstMatrix& dout, const Matrix& dx, bool accumulate, const Matrix& dplaces);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_SEGMENT_SUM_H_
