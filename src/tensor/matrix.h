// SPDX-License-Identifier: Apache-2.0
// Matrix: the one shape that data has between layers, a row-major view of floats. Activations are packed
// [tokens, width], all sentences of a batch end to end, so two dimensions are enough everywhere above kernels/.
#ifndef DRAGOMAN_TENSOR_MATRIX_H_
#define DRAGOMAN_TENSOR_MATRIX_H_

#include <cstdint>
#include <string>

namespace dragoman {

// A view: it owns nothing, and copying it copies no element. Element (r, c) is data[r * stride + c].
struct Matrix {
  float* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;  // floats from one row to the next, >= cols

  Matrix() = default;
  Matrix(float* data_in, int64_t rows_in, int64_t cols_in)
      : data(data_in), rows(rows_in), cols(cols_in), stride(cols_in) {}
  Matrix(float* data_in, int64_t rows_in, int64_t cols_in, int64_t stride_in)
      : data(data_in), rows(rows_in), cols(cols_in), stride(stride_in) {}

  float* Row(int64_t r) const { return data + r * stride; }
  float& At(int64_t r, int64_t c) const { return data[r * stride + c]; }
  int64_t size() const { return rows * cols; }

  Matrix Rows(int64_t begin, int64_t count) const { return {Row(begin), count, cols, stride}; }
  Matrix Cols(int64_t begin, int64_t count) const { return {data + begin, rows, count, stride}; }
};

// "[rows, cols]", as error messages print it.
inline std::string ShapeString(const Matrix& m) {
  return "[" + std::to_string(m.rows) + ", " + std::to_string(m.cols) + "]";
}

}  // namespace dragoman

#endif  // DRAGOMAN_TENSOR_MATRIX_H_
