// SPDX-License-Identifier: Apache-2.0
// A model's parameters: named ranges of one flat buffer. Gradients, optimizer moments and averages are further flat
// buffers with the same ranges, so whatever treats all parameters alike is one pass over flat memory.
#ifndef DRAGOMAN_AUTOGRAD_PARAMETER_H_
#define DRAGOMAN_AUTOGRAD_PARAMETER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tensor/flat_buffer.h"
#include "tensor/matrix.h"

namespace dragoman {

// What products use a parameter for.
enum class WeightUse {
  kOther,   // nothing: a bias, a gain, a table to look up
  kLinear,  // x W
  kOutput,  // x W^T, a slice of rows at a time
};

// One tensor of the model. Its values live in the ParameterStore that it was declared in, at [offset, offset + size):
// here they can be read, there they can be written. Without memory, in a plan alone, data is null.
struct Parameter {
  std::string name;            // path by role: "decoder.layers.3.cross_attn.q_proj.weight"
  std::vector<int64_t> shape;  // one or two dimensions
  int64_t offset = 0;          // in floats, a multiple of 16 (64 bytes)
  int64_t size = 0;
  int index = 0;  // among the store's parameters
  WeightUse use = WeightUse::kOther;
  const float* data = nullptr;

  int64_t rows() const { return shape.size() == 2 ? shape[0] : 1; }
  int64_t cols() const { return shape.back(); }
  ConstMatrix value() const { return {data, rows(), cols()}; }
  std::span<const float> span() const { return {data, static_cast<size_t>(size)}; }
};

// Which parameters a model has: their names, shapes, uses and places in the flat buffer, but no memory for them. What
// only asks how large a model is, or whether a file fits it, needs no more.
class ParameterPlan {
 public:
  // `shape` has one or two dimensions, all positive. Throws InternalError for a name declared twice. The pointer stays
  // valid as long as the plan, wherever that is moved.
  const Parameter* Declare(const std::string& name, std::vector<int64_t> shape, WeightUse use = WeightUse::kOther);

  const Parameter* Find(const std::string& name) const;  // null when there is none
  const std::vector<std::unique_ptr<Parameter>>& parameters() const { return parameters_; }
  int64_t flat_size() const { return flat_size_; }  // up to 15 unused floats behind each parameter (alignment) included
  int64_t count() const;                            // parameters proper, without alignment gaps

 protected:
  bool is_closed_ = false;  // nothing may be declared any more

 private:
  std::vector<std::unique_ptr<Parameter>> parameters_;
  std::unordered_map<std::string_view, Parameter*> by_name_;
  int64_t flat_size_ = 0;
};

// A plan with the memory for it. Declare all parameters, then Allocate once.
class ParameterStore : public ParameterPlan {
 public:
  void Allocate();  // zeros; call once, after the last Declare

  // The values of one of this store's.
  std::span<float> Writable(const Parameter& parameter);
  std::span<float> Writable(const std::string& name);  // of a parameter that there is

  // All values; those behind each parameter that nothing uses are zeros.
  std::span<float> values() { return values_.span(); }
  std::span<const float> values() const { return values_.span(); }

 private:
  FlatBuffer values_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_AUTOGRAD_PARAMETER_H_
