// SPDX-License-Identifier: Apache-2.0
// What becomes of a product before it is left: the small steps that follow one in a Transformer, in the same pass.
#ifndef DRAGOMAN_KERNELS_EPILOGUE_H_
#define DRAGOMAN_KERNELS_EPILOGUE_H_

#include "tensor/matrix.h"

namespace dragoman::kernels {

// In this order.
struct Epilogue {
  const float* bias = nullptr;  // [n], added to each row; null: none
  bool relu = false;            // max(0, ·); NaN stays
  bool accumulate = false;      // what was in y is added: a residual connection
};

// What is left to do of it with y, which holds the product (with what was there already, to accumulate): bias and ReLU.
// There is no ReLU where it accumulates.
void FinishProduct(const Epilogue& epilogue, const Matrix& y);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_EPILOGUE_H_
