// SPDX-License-Identifier: Apache-2.0
// Shape checks at the ops' doors.
#ifndef DRAGOMAN_AUTOGRAD_SHAPE_CHECK_H_
#define DRAGOMAN_AUTOGRAD_SHAPE_CHECK_H_

#include <cstdint>
#include <string>

#include "autograd/parameter.h"
#include "tensor/matrix.h"

namespace dragoman {

// Throws ShapeError "op: `what` is [..], expected [rows, cols]" unless m has that shape.
void ExpectShape(const char* op, const std::string& what, const ConstMatrix& m, int64_t rows, int64_t cols);

// The same for a parameter, by its path. Null is accepted (an absent bias).
void ExpectShape(const char* op, const Parameter* parameter, int64_t rows, int64_t cols);

}  // namespace dragoman

#endif  // DRAGOMAN_AUTOGRAD_SHAPE_CHECK_H_
