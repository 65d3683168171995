// SPDX-License-Identifier: Apache-2.0
// Where operations compute: a worker's memory, and how its matrix products are to be made. Inference needs no more;
// training puts a tape on it (autograd/tape.h), which records the way back.
#ifndef DRAGOMAN_AUTOGRAD_WORKSPACE_H_
#define DRAGOMAN_AUTOGRAD_WORKSPACE_H_

#include <cstdint>
#include <utility>

#include "autograd/packed_weights.h"
#include "kernels/gemm.h"
#include "tensor/buffer_pool.h"
#include "tensor/matrix.h"

namespace dragoman {

class Tape;
class Workspace;

// A value in a workspace, and on a tape its gradient later: a reference-counted handle. The last handle to go returns
// the memory to the workspace's pool. Handles of one workspace belong to one thread, and must not outlive it.
class Variable {
 public:
  Variable() = default;
  Variable(const Variable& other) : node_(other.node_) { Retain(); }
  Variable(Variable&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Variable& operator=(Variable other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Variable() { Release(); }

  explicit operator bool() const { return node_ != nullptr; }
  ConstMatrix value() const { return node_->value; }  // [rows, cols], contiguous
  const Matrix& writable() { return node_->value; }   // the same, for the op that computes it
  int64_t rows() const { return node_->value.rows; }
  int64_t cols() const { return node_->value.cols; }

 private:
  friend class Tape;
  friend class Workspace;
  struct Node {
    Workspace* workspace;
    int64_t references;
    Matrix value;
    Matrix gradient;  // the tape's: data is null until the first consumer's backward pass writes it
  };

  explicit Variable(Node* node) : node_(node) {}
  void Retain() const {
    if (node_ != nullptr) ++node_->references;
  }
  void Release();

  Node* node_ = nullptr;
};

// Floats that live as long as this object, from a workspace's pool.
class Scratch {
 public:
  Scratch() = default;
  Scratch(BufferPool* pool, int64_t floats)
      : pool_(pool), data_(static_cast<float*>(pool->Allocate(static_cast<size_t>(floats) * sizeof(float)))) {}
  Scratch(Scratch&& other) noexcept : pool_(other.pool_), data_(std::exchange(other.data_, nullptr)) {}
  Scratch& operator=(Scratch&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~Scratch() {
    if (data_ != nullptr) pool_->Free(data_);
  }
  float* data() const { return data_; }

 private:
  BufferPool* pool_ = nullptr;
  float* data_ = nullptr;
};

// One worker's. Not thread-safe: one per worker.
class Workspace {
 public:
  Workspace() = default;
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  Variable New(int64_t rows, int64_t cols);  // uninitialised
  Variable Reuse(Variable& x);               // a new variable in x's memory; x's value is lost
  Scratch NewScratch(int64_t floats) { return Scratch(&pool_, floats); }
  const BufferPool& pool() const { return pool_; }

  // Of the factors of ops' matrix products, forward and backward, from now on. kBf16 only where HasFastBf16().
  // packed: weights packed in this precision, where there are such.
  void set_precision(Precision precision, const PackedWeights* packed = nullptr) {
    precision_ = precision;
    packed_weights_ = packed;
  }
  Precision precision() const { return precision_; }
  const PackedWeights* packed_weights() const { return packed_weights_; }

  // Records what ops do here, while there is one; null: values alone are computed, each freed with its last handle.
  Tape* tape() const { return tape_; }

 private:
  friend class Tape;
  friend class Variable;
  void FreeNode(Variable::Node* node);

  BufferPool pool_;
  Precision precision_ = Precision::kF32;
  const PackedWeights* packed_weights_ = nullptr;
  Tape* tape_ = nullptr;
};

}  // namespace dragoman

#endif  // DRAGOMAN_AUTOGRAD_WORKSPACE_H_
