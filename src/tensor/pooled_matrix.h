// SPDX-License-Identifier: Apache-2.0
// A matrix in a pool's memory, which goes back there with it.
#ifndef DRAGOMAN_TENSOR_POOLED_MATRIX_H_
#define DRAGOMAN_TENSOR_POOLED_MATRIX_H_

#include <cstdint>
#include <utility>

#include "tensor/buffer_pool.h"
#include "tensor/matrix.h"

namespace dragoman {

// Must not outlive its pool. Moves, never copies.
class PooledMatrix {
 public:
  PooledMatrix() = default;
  PooledMatrix(BufferPool& pool, int64_t rows, int64_t cols)  // uninitialised
      : pool_(&pool),
        view_(static_cast<float*>(pool.Allocate(static_cast<size_t>(rows * cols) * sizeof(float))), rows, cols) {}
  PooledMatrix(PooledMatrix&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), view_(std::exchange(other.view_, {})) {}
  PooledMatrix& operator=(PooledMatrix&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(view_, other.view_);
    return *this;
  }
  ~PooledMatrix() {
    if (pool_ != nullptr) pool_->Free(view_.data);
  }

  const Matrix& view() const { return view_; }
  int64_t rows() const { return view_.rows; }
  int64_t cols() const { return view_.cols; }
  explicit operator bool() const { return pool_ != nullptr; }

 private:
  BufferPool* pool_ = nullptr;
  Matrix view_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TENSOR_POOLED_MATRIX_H_
