// SPDX-License-Identifier: Apache-2.0
// Reverse-mode differentiation for coarse operations. An op computes its value at once in a workspace and, when a tape
// is on it, leaves a closure that will turn the gradient of its output into gradients of its inputs and parameters.
// Walking the closures backwards is the chain rule.
#ifndef DRAGOMAN_AUTOGRAD_TAPE_H_
#define DRAGOMAN_AUTOGRAD_TAPE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "autograd/parameter.h"
#include "autograd/workspace.h"
#include "kernels/dropout.h"

namespace dragoman {

// Records the ops of one forward pass, for one backward pass; used by the workspace's thread.
class Tape {
 public:
  // Where an op's backward pass writes an input's gradient. The first writer finds it uninitialised (accumulate false:
  // overwrite), later ones add.
  struct GradientSlot {
    Matrix matrix;
    bool accumulate;
  };

  // Puts itself on `workspace`, which has none yet, until it goes. Parameter gradients will be added to `gradients`, a
  // flat buffer like ParameterStore::values(). dropout_key decides every dropout mask.
  Tape(Workspace& workspace, float* gradients, uint64_t dropout_key);
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;
  ~Tape();  // forgets what is still recorded

  Workspace& workspace() { return workspace_; }

  // Called by an op after computing `output`. backward(tape) runs in Backward() if any consumer gave output a gradient;
  // afterwards that gradient is freed. It may capture Variables by value, which keeps them alive until then.
  template <class Function>
  void Record(const Variable& output, Function backward) {
    Push(output, /*keep_gradient=*/false, std::move(backward));
  }
  // For an op that changed `output` in place: backward(tape) changes its gradient in place. Only for a variable whose
  // old value nothing needs any more.
  template <class Function>
  void RecordInPlace(const Variable& output, Function backward) {
    Push(output, /*keep_gradient=*/true, std::move(backward));
  }

  // The gradient of an op's output, inside its backward().
  ConstMatrix Gradient(const Variable& variable) const { return variable.node_->gradient; }
  // For an op whose backward pass changes it in place.
  const Matrix& WritableGradient(const Variable& variable) { return variable.node_->gradient; }
  bool HasGradient(const Variable& variable) const { return variable.node_->gradient.data != nullptr; }
  GradientSlot SlotFor(const Variable& variable);
  // gradient(to) += gradient(from), by moving the buffer where nothing is there yet. Takes from's gradient away.
  void PassGradient(const Variable& from, const Variable& to);

  // Parameter gradients are always added to.
  float* GradientOf(const Parameter& parameter) const { return gradients_ + parameter.offset; }
  Matrix GradientMatrixOf(const Parameter& parameter) const {
    return {GradientOf(parameter), parameter.rows(), parameter.cols()};
  }

  // Says that ops recorded so far use no parameter at `offset` of the flat buffer or beyond. When the backward pass
  // gets back here, the gradients from there on are final, as far as this tape adds to them; on_final is told so.
  void Mark(int64_t offset) {
    if (on_final_ != nullptr) Push(Variable(), false, [offset](Tape& tape) { (*tape.on_final_)(offset); });
  }
  // Called during Backward(), with falling offsets; null for nobody. To be set before the forward pass; it must live
  // on.
  void set_on_final(const std::function<void(int64_t offset)>* on_final) { on_final_ = on_final; }

  // What closures refer to, but do not own: it lives until Backward() is through.
  void Keep(std::shared_ptr<const void> owned) { kept_.push_back(std::move(owned)); }

  // A mask of its own for each call in order.
  kernels::Dropout NextDropout(float rate);

  // Runs all recorded closures, last first, and forgets them.
  void Backward();

 private:
  // A recorded closure, in the pool's memory.
  struct Step {
    Variable output;  // none for a mark
    bool keep_gradient;
    void* closure;
    void (*run)(void*, Tape&);
    void (*destroy)(void*);
  };

  template <class Function>
  void Push(const Variable& output, bool keep_gradient, Function backward) {
    void* memory = workspace_.pool_.Allocate(sizeof(Function));
    new (memory) Function(std::move(backward));
    steps_.push_back({output, keep_gradient, memory, [](void* f, Tape& tape) { (*static_cast<Function*>(f))(tape); },
                      [](void* f) { static_cast<Function*>(f)->~Function(); }});
  }
  void PopStep();
  void FreeGradient(const Variable& variable);

  Workspace& workspace_;
  std::vector<Step> steps_;
  std::vector<std::shared_ptr<const void>> kept_;
  const std::function<void(int64_t)>* on_final_ = nullptr;
  float* gradients_;
  uint64_t dropout_key_;
  uint64_t dropouts_ = 0;
};

// What ops and layers say to the tape of their workspace, if it has one.

template <class Function>
void Record(const Workspace& workspace, const Variable& output, Function backward) {
  if (Tape* const tape = workspace.tape()) tape->Record(output, std::move(backward));
}

template <class Function>
void RecordInPlace(const Workspace& workspace, const Variable& output, Function backward) {
  if (Tape* const tape = workspace.tape()) tape->RecordInPlace(output, std::move(backward));
}

inline void Mark(const Workspace& workspace, int64_t offset) {
  if (Tape* const tape = workspace.tape()) tape->Mark(offset);
}

inline void KeepForBackward(const Workspace& workspace, std::shared_ptr<const void> owned) {
  if (Tape* const tape = workspace.tape()) tape->Keep(std::move(owned));
}

// None without a tape: dropout is for training.
inline kernels::Dropout NextDropout(const Workspace& workspace, float rate) {
  Tape* const tape = workspace.tape();
  return tape != nullptr ? tape->NextDropout(rate) : kernels::Dropout{};
}

}  // namespace dragoman

#endif  // DRAGOMAN_AUTOGRAD_TAPE_H_
