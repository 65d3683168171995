// SPDX-License-Identifier: Apache-2.0
#include "kernels/epilogue.h"

#include "base/check.h"
#include "kernels/activation.h"
#include "kernels/elementwise.h"

namespace dragoman::kernels {

void FinishProduct(const Epilogue& epilogue, const Matrix& y) {
  DRAGOMAN_CHECK(!(epilogue.relu && epilogue.accumulate));
  if (epilogue.relu) {
    ActivationForward(Activation::kRelu, y, epilogue.bias, y);
  } else if (epilogue.bias != nullptr) {
    AddBias(y, epilogue.bias);
  }
}

}  // namespace dragoman::kernels
