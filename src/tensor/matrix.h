// SPDX-License-Identifier: Apache-2.0
// Matrix: the one shape that data has between layers, a row-major view of floats. Activations are packed
// [tokens, width], all sentences of a batch end to end, so two dimensions are enough everywhere above kernels/.
#ifndef DRAGOMAN_TENSOR_MATRIX_H_
#define DRAGOMAN_TENSOR_MATRIX_H_

#include <concepts>
#include <cstdint>
#include <string>

namespace dragoman {

// A view: it owns nothing, and copying it copies no element. Element (r, c) is data[r * stride + c].
template <class Element>
struct MatrixView {
  Element* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;  // elements from one row to the next, >= cols

  MatrixView() = default;
  MatrixView(Element* data_in, int64_t rows_in, int64_t cols_in)
      : data(data_in), rows(rows_in), cols(cols_in), stride(cols_in) {}
  MatrixView(Element* data_in, int64_t rows_in, int64_t cols_in, int64_t stride_in)
      : data(data_in), rows(rows_in), cols(cols_in), stride(stride_in) {}
  // What may be written may be read.
  template <class Other>
  requires(!std::same_as<Other, Element> && std::same_as<const Other, Element>)
      MatrixView(const MatrixView<Other>& other)  // NOLINT(google-explicit-constructor)
      : MatrixView(other.data, other.rows, other.cols, other.stride) {}

  Element* Row(int64_t r) const { return data + r * stride; }
  Element& At(int64_t r, int64_t c) const { return data[r * stride + c]; }
  int64_t size() const { return rows * cols; }

  MatrixView Rows(int64_t begin, int64_t count) const { return {Row(begin), count, cols, stride}; }
  MatrixView Cols(int64_t begin, int64_t count) const { return {data + begin, rows, count, stride}; }
};

using Matrix = MatrixView<float>;             // to be written
using ConstMatrix = MatrixView<const float>;  // to be read only

// "[rows, cols]", as error messages print it.
inline std::string ShapeString(const ConstMatrix& m) {
  return "[" + std::to_string(m.rows) + ", " + std::to_string(m.cols) + "]";
}

}  // namespace dragoman

#endif  // DRAGOMAN_TENSOR_MATRIX_H_
