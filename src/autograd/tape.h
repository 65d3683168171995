// SPDX-License-Identifier: Apache-2.0
// Reverse-mode differentiation for coarse operations. An op computes its value at once and, on a tape that records,
// leaves a closure that will turn the gradient of its output into gradients of its inputs and parameters. Walking the
// closures backwards is the chain rule.
#ifndef DRAGOMAN_AUTOGRAD_TAPE_H_
#define DRAGOMAN_AUTOGRAD_TAPE_H_

#include <cstdint>
#include <functional>
#include <new>
#include <utility>
#include <vector>

#include "autograd/packed_weights.h"
#include "autograd/parameter.h"
#include "kernels/dropout.h"
#include "kernels/gemm.h"
#include "tensor/buffer_pool.h"
#include "tensor/matrix.h"

namespace dragoman {

class Tape;

// A value on a tape, and later its gradient: a reference-counted handle. The last handle to go returns both buffers to
// the tape's pool. Handles of one tape belong to one thread, and must not outlive the tape.
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
  struct Node {
    Tape* tape;
    int64_t references;
    Matrix value;
    Matrix gradient;  // data is null until the first consumer's backward pass writes it
  };

  explicit Variable(Node* node) : node_(node) {}
  void Retain() const {
    if (node_ != nullptr) ++node_->references;
  }
  void Release();

  Node* node_ = nullptr;
};

// Floats that live as long as this object, from a tape's pool.
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

// One worker's tape. Not thread-safe: one per worker.
class Tape {
 public:
  // Where an op's backward pass writes an input's gradient. The first writer finds it uninitialised (accumulate false:
  // overwrite), later ones add.
  struct GradientSlot {
    Matrix matrix;
    bool accumulate;
  };

  // A tape that only computes values: each is freed with its last handle.
  Tape() = default;
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;
  ~Tape() { Clear(); }

  // From now on record, and add parameter gradients into `gradients`, a flat buffer like ParameterStore::values().
  // dropout_key decides every dropout mask until the next call; dropout is off on a tape that does not record.
  void StartRecording(float* gradients, uint64_t dropout_key);
  void StopRecording() { recording_ = false; }
  bool recording() const { return recording_; }

  // Of the factors of ops' matrix products, forward and backward, from now on. kBf16 only where HasFastBf16().
  // packed: weights packed in this precision, where there are such.
  void set_precision(Precision precision, const PackedWeights* packed = nullptr) {
    precision_ = precision;
    packed_weights_ = packed;
  }
  Precision precision() const { return precision_; }
  const PackedWeights* packed_weights() const { return packed_weights_; }

  Variable New(int64_t rows, int64_t cols);  // uninitialised
  Variable Reuse(const Variable& x);         // a new variable in x's memory; x's value is lost
  Scratch NewScratch(int64_t floats) { return Scratch(&pool_, floats); }

  // Called by an op after computing `output`. `backward()` runs in Backward() if any consumer gave output a gradient;
  // afterwards that gradient is freed. It may capture Variables by value, which keeps them alive until then.
  template <class Function>
  void Record(const Variable& output, Function backward) {
    if (recording_) Push(output, /*keep_gradient=*/false, std::move(backward));
  }
  // For an op that changed `output` in place: backward() changes its gradient in place. Only for a variable whose old
  // value nothing needs any more.
  template <class Function>
  void RecordInPlace(const Variable& output, Function backward) {
    if (recording_) Push(output, /*keep_gradient=*/true, std::move(backward));
  }

  // The gradient of an op's output, inside its backward().
  ConstMatrix Gradient(const Variable& variable) const { return variable.node_->gradient; }
  // For an op whose backward pass changes it in place.
  const Matrix& WritableGradient(const Variable& variable) { return variable.node_->gradient; }
  bool HasGradient(const Variable& variable) const { return variable.node_->gradient.data != nullptr; }
  GradientSlot SlotFor(const Variable& variable);
  // gradient(to) += gradient(from), by moving the buffer where nothing is there yet. Takes from's gradient away.
  void PassGradient(const Variable& from, const Variable& to);

  // Parameter gradients are always added to. Only on a tape that records.
  float* GradientOf(const Parameter& parameter) const { return gradients_ + parameter.offset; }
  Matrix GradientMatrixOf(const Parameter& parameter) const {
    return {GradientOf(parameter), parameter.rows(), parameter.cols()};
  }

  // Says that ops recorded so far use no parameter at `offset` of the flat buffer or beyond. When the backward pass
  // gets back here, the gradients from there on are final, as far as this tape adds to them; on_final is told so.
  void Mark(int64_t offset) {
    if (recording_ && on_final_ != nullptr) Push(Variable(), false, [this, offset] { (*on_final_)(offset); });
  }
  // Called during Backward(), with falling offsets; null for nobody. Until the next call; it must live on.
  void set_on_final(const std::function<void(int64_t offset)>* on_final) { on_final_ = on_final; }

  // A mask of its own for each call in order, or no dropout when not recording.
  kernels::Dropout NextDropout(float rate);

  // Runs all recorded closures, last first, and forgets them.
  void Backward();
  void Clear();  // forgets them without running

  const BufferPool& pool() const { return pool_; }

 private:
  friend class Variable;

  // A recorded closure, in the pool's memory.
  struct Step {
    Variable output;  // none for a mark
    bool keep_gradient;
    void* closure;
    void (*run)(void*);
    void (*destroy)(void*);
  };

  template <class Function>
  void Push(const Variable& output, bool keep_gradient, Function backward) {
    void* memory = pool_.Allocate(sizeof(Function));
    new (memory) Function(std::move(backward));
    steps_.push_back({output, keep_gradient, memory, [](void* f) { (*static_cast<Function*>(f))(); },
                      [](void* f) { static_cast<Function*>(f)->~Function(); }});
  }
  void PopStep();
  void FreeGradient(Variable::Node* node);
  void FreeNode(Variable::Node* node);

  BufferPool pool_;
  std::vector<Step> steps_;
  bool recording_ = false;
  Precision precision_ = Precision::kF32;
  const PackedWeights* packed_weights_ = nullptr;
  const std::function<void(int64_t)>* on_final_ = nullptr;
  float* gradients_ = nullptr;
  uint64_t dropout_key_ = 0;
  uint64_t dropouts_ = 0;
};

}  // namespace dragoman

#endif  // DRAGOMAN_AUTOGRAD_TAPE_H_
