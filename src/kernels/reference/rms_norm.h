// SPDX-License-Identifier: Apache-2.0
// Normalisation by the root of the mean square written to be read: the twin of kernels/rms_norm.h, summing in double.
#ifndef DRAGOMAN_KERNELS_REFERENCE_RMS_NORM_H_
#define DRAGOMAN_KERNELS_REFERENCE_RMS_NORM_H_

#include "kernels/rms_norm.h"

namespace dragoman::kernels::reference {

void RmsNormForward(const ConstMatrix& x, const float* gain, float epsilon, const Matrix& y, float* inv_rms);

void RmsNormBackward(const ConstMatrix& dy, const ConstMatrix& x, const float* gain, const float* inv_rms,
                     const Matrix& dx, bool accumulate, float* dgain);

}  // namespace dragoman::kernels::reference

#endif  // DRAGOMAN_KERNELS_REFERENCE_RMS_NORM_H_
