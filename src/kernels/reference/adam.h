// SPDX-License-Identifier: Apache-2.0
// Adam written to be read, in double: the twin of kernels/adam.h.
#ifndef DRAGOMAN_KERNELS_REFERENCE_ADAM_H_
#define DRAGOMAN_KERNELS_REFERENCE_ADAM_H_

#include "kernels/adam.h"

namespace dragoman::kernels::reference {

void AdamUpdate(const AdamStep& step, std::span<const float> gradient, std::span<float> m, std::span<float> v,
                std::span<float> w);

}  // namespace dragoman::kernels::reference

#endif  // DRAGOMAN_KERNELS_REFERENCE_ADAM_H_
