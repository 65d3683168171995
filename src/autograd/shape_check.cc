// SPDX-License-Identifier: Apache-2.0
#include "autograd/shape_check.h"

#include "base/error.h"

namespace dragoman {

void ExpectShape(const char* op, const std::string& what, const ConstMatrix& m, int64_t rows, int64_t cols) {
  if (m.rows == rows && m.cols == cols) return;
  throw ShapeError(std::string(op) + ": " + what + " is " + ShapeString(m) + ", expected " +
                   ShapeString(Matrix(nullptr, rows, cols)) + "; do the model's config and weights belong together?");
}

void ExpectShape(const char* op, const Parameter* parameter, int64_t rows, int64_t cols) {
  if (parameter != nullptr) ExpectShape(op, parameter->name, parameter->value(), rows, cols);
}

}  // namespace dragoman
