// SPDX-License-Identifier: Apache-2.0
// The simpler simple recurrent unit written to be read: the twin of kernels/ssru.h.
#ifndef DRAGOMAN_KERNELS_REFERENCE_SSRU_H_
#define DRAGOMAN_KERNELS_REFERENCE_SSRU_H_

#include "kernels/ssru.h"

namespace dragoman::kernels::reference {

void SsruForward(const Packing& packing, const ConstMatrix& forget, const ConstMatrix& x, const Matrix& cells,
                 const Matrix& h);

// By the chain rule, from the sentence's last token to its first.
void SsruBackward(const Packing& packing, const ConstMatrix& forget, const ConstMatrix& x, const ConstMatrix& cells,
                  const ConstMatrix& dh, const Matrix& dforget, const Matrix& dx);

}  // namespace dragoman::kernels::reference

#endif  // DRAGOMAN_KERNELS_REFERENCE_SSRU_H_
