// SPDX-License-Identifier: Apache-2.0
#include "autograd/parameter.h"

#include <utility>

#include "base/check.h"
#include "tensor/cache_line.h"

namespace dragoman {

const Parameter* ParameterStore::Declare(const std::string& name, std::vector<int64_t> shape, WeightUse use) {
  DRAGOMAN_CHECK(Find(name) == nullptr && values_.size() == 0);
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
  values_ = FlatBuffer(flat_size_);
  for (const auto& parameter : parameters_) parameter->data = values_.data() + parameter->offset;
}

const Parameter* ParameterStore::Find(const std::string& name) const {
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

int64_t ParameterStore::count() const {
  int64_t count = 0;
  for (const auto& parameter : parameters_) count += parameter->size;
  return count;
}

}  // namespace dragoman
