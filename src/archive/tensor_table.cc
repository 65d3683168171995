// SPDX-License-Identifier: Apache-2.0
#include "archive/tensor_table.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/checked_size.h"

namespace dragoman {
namespace {

// The numbers from the first to the last that a strided tensor has, both included; nothing if 64 bits do not hold it.
std::optional<int64_t> Extent(const std::vector<int64_t>& shape, const std::vector<int64_t>& strides) {
  int64_t extent = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t step = 0;
    if (strides[i] < 0 || __builtin_mul_overflow(shape[i] - 1, strides[i], &step) ||
        __builtin_add_overflow(extent, step, &extent)) {
      return std::nullopt;
    }
  }
  return extent;
}

bool IsRowMajor(const std::vector<int64_t>& shape, const std::vector<int64_t>& strides) {
  int64_t expected = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

}  // namespace

ByteSource HeldSource(HeldBytes held) {
  const auto size = static_cast<int64_t>(held.bytes.size());
  return {[held = std::move(held)] { return held; }, size};
}

ByteSource MappedSource(std::shared_ptr<ReadableFile> file) {
  const std::span<const char> all = file->Map();
  return HeldSource({std::move(file), {all.data(), all.size()}});
}

int64_t DTypeBytes(DType dtype) {
  switch (dtype) {
    case DType::kBool:
    case DType::kU8:
    case DType::kI8:
      return 1;
    case DType::kU16:
    case DType::kI16:
    case DType::kF16:
    case DType::kBF16:
      return 2;
    case DType::kU32:
    case DType::kI32:
    case DType::kF32:
      return 4;
    case DType::kU64:
    case DType::kI64:
    case DType::kF64:
      return 8;
  }
  DRAGOMAN_CHECK(!"a dtype without a size");
  return 0;
}

void TensorTable::Add(const std::string& name, DType dtype, std::vector<int64_t> shape, TensorPlace place,
                      std::optional<float> multiplier) {
  const std::string subject = "tensor " + Quoted(name);
  if (shape.size() > kMaxTensorRank) {
    origin_.Fail(subject + " has a shape of " + std::to_string(shape.size()) + " sizes, expected at most " +
                 std::to_string(kMaxTensorRank));
  }
  const std::string what = subject + " of shape " + ShapeString(shape) + " and dtype " + DTypeName(dtype);
  const std::optional<int64_t> elements = CheckedProduct(shape);
  if (!elements) origin_.Fail(what + " has more elements than 64 bits count, or a negative size");
  if (place.begin < 0 || place.begin > place.source.size) {
    origin_.Fail(what + " begins at byte " + std::to_string(place.begin) + " of " + std::to_string(place.source.size));
  }
  std::optional<int64_t> extent = elements;
  if (place.strides && *elements > 0) {
    DRAGOMAN_CHECK(place.strides->size() == shape.size());
    extent = Extent(shape, *place.strides);
    if (!extent) origin_.Fail(what + " has the impossible strides " + ShapeString(*place.strides));
  }
  const int64_t there = (place.source.size - place.begin) / DTypeBytes(dtype);
  if (*extent > there || *elements > there) {
    origin_.Fail(what + " needs " + std::to_string(std::max(*extent, *elements)) + " numbers from byte " +
                 std::to_string(place.begin) + " on, where " + std::to_string(there) + " are");
  }
  if (place.strides && (*elements == 0 || IsRowMajor(shape, *place.strides))) place.strides.reset();
  if (place.strides) {
    for (size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] == 1) (*place.strides)[i] = 0;  // never taken, and may be any number
    }
  }
  Insert(name, {dtype, std::move(shape), *elements, multiplier}, {std::move(place)});
}

void TensorTable::Insert(const std::string& name, ArchiveTensor tensor, Row row) {
  if (!tensors_.emplace(name, std::move(tensor)).second) {
    origin_.Fail("tensor " + Quoted(name) + " is there twice, expected names that differ");
  }
  rows_.emplace(name, std::move(row));
}

void TensorTable::AddAlias(const std::string& alias, const std::string& name) {
  Insert(alias, tensors_.at(name), rows_.at(name));
}

void TensorTable::Merge(TensorTable shard, const std::set<std::string>& names) {
  for (const std::string& name : names) {
    if (shard.tensors_.count(name) == 0) {
      origin_.Fail("says that tensor " + Quoted(name) + " is in " + shard.path() + ", which does not have it");
    }
  }
  paths_.push_back(shard.path());
  for (auto& [name, tensor] : shard.tensors_) {
    if (names.count(name) == 0) {
      origin_.Fail("does not name tensor " + Quoted(name) + ", which " + shard.path() + " has");
    }
    Row& row = shard.rows_.at(name);
    row.path = paths_.size() - 1;
    Insert(name, std::move(tensor), std::move(row));
  }
}

}  // namespace dragoman
