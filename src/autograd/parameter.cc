// SPDX-License-Identifier: Apache-2.0
#include "autograd/parameter.h"

#include <utility>

#include "base/check.h"
#include "tensor/cache_line.h"

namespace dragoman {

const Parameter* ParameterPlan::Declare(const std::string& name, std::vector<int64_t> shape, WeightUse use) {
  DRAGOMAN_CHECK(Find(name) == nullptr && !is_closed_);
  auto parameter = std::make_unique<Parameter>();
  parameter->name = name;
  parameter->use = use;
  parameter->size = 1;
  for (const int64_t dim : shape) {
    DRAGOMAN_CHECK(dim > 0);
    parameter->size *= dim;
  }
  parameter->shape = std::move(shape);
  parameter->index = static_cast<int>(parameters_.size());
  parameter->offset = flat_size_;
  flat_size_ += WholeLines(parameter->size);
  by_name_.emplace(parameter->name, parameter.get());
  parameters_.push_back(std::move(parameter));
  return parameters_.back().get();
}

void ParameterStore::Allocate() {
  is_closed_ = true;
  values_ = FlatBuffer(flat_size());
  for (const auto& parameter : parameters()) parameter->data = values_.data() + parameter->offset;
}

const Parameter* ParameterPlan::Find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

std::span<float> ParameterStore::Writable(const Parameter& parameter) {
  return values().subspan(static_cast<size_t>(parameter.offset), static_cast<size_t>(parameter.size));
}

std::span<float> ParameterStore::Writable(const std::string& name) {
  const Parameter* const parameter = Find(name);
  DRAGOMAN_CHECK(parameter != nullptr);
  return Writable(*parameter);
}

int64_t ParameterPlan::count() const {
  int64_t count = 0;
  for (const auto& parameter : parameters_) count += parameter->size;
  return count;
}

}  // namespace dragoman
