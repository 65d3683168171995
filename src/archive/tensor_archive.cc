// SPDX-License-Identifier: Apache-2.0
#include "archive/tensor_archive.h"

#include <cstring>
#include <utility>

#include "archive/tensor_table.h"
#include "base/check.h"
#include "base/error.h"
#include "base/nearest_name.h"
#include "tensor/half.h"

namespace dragoman {
namespace {

// Calls visit(first, step, count) for runs of numbers which, one after the other, are the tensor's in row-major order:
// number i of a run lies at first + i * step.
template <typename Visit>
void ForEachRun(const ArchiveTensor& tensor, const TensorPlace& place, Visit visit) {
  if (tensor.elements == 0) return;
  if (!place.strides || tensor.shape.empty()) return visit(int64_t{0}, int64_t{1}, tensor.elements);
  const std::vector<int64_t>& strides = *place.strides;
  const size_t outer = tensor.shape.size() - 1;  // all indices but the last
  std::vector<int64_t> index(outer, 0);
  int64_t first = 0;
  while (true) {
    visit(first, strides[outer], tensor.shape[outer]);
    size_t i = outer;
    while (i > 0) {
      --i;
      first += strides[i];
      if (++index[i] < tensor.shape[i]) break;
      first -= index[i] * strides[i];
      index[i] = 0;
      if (i == 0) return;
    }
    if (outer == 0) return;
  }
}

// The numbers of a run, of type T in the file, as value(T) makes floats of them.
template <typename T, typename Value>
void ConvertRun(const char* at, int64_t step, std::span<float> out, Value value) {
  for (size_t i = 0; i < out.size(); ++i) {
    T raw;
    std::memcpy(&raw, at + i * static_cast<size_t>(step) * sizeof raw, sizeof raw);
    out[i] = value(raw);
  }
}

void ConvertRun(DType dtype, const char* at, int64_t step, std::span<float> out) {
  const auto as_float = [](auto raw) { return static_cast<float>(raw); };
  switch (dtype) {
    case DType::kBool:
      return ConvertRun<uint8_t>(at, step, out, [](uint8_t raw) { return raw != 0 ? 1.0f : 0.0f; });
    case DType::kU8:
      return ConvertRun<uint8_t>(at, step, out, as_float);
    case DType::kI8:
      return ConvertRun<int8_t>(at, step, out, as_float);
    case DType::kU16:
      return ConvertRun<uint16_t>(at, step, out, as_float);
    case DType::kI16:
      return ConvertRun<int16_t>(at, step, out, as_float);
    case DType::kF16:
      return ConvertRun<uint16_t>(at, step, out, FloatFromF16);
    case DType::kBF16:
      return ConvertRun<uint16_t>(at, step, out, FloatFromBf16);
    case DType::kU32:
      return ConvertRun<uint32_t>(at, step, out, as_float);
    case DType::kI32:
      return ConvertRun<int32_t>(at, step, out, as_float);
    case DType::kF32:
      if (step == 1) {
        std::memcpy(out.data(), at, out.size_bytes());
        return;
      }
      return ConvertRun<float>(at, step, out, as_float);
    case DType::kU64:
      return ConvertRun<uint64_t>(at, step, out, as_float);
    case DType::kI64:
      return ConvertRun<int64_t>(at, step, out, as_float);
    case DType::kF64:
      return ConvertRun<double>(at, step, out, as_float);
  }
}

HeldBytes BytesFrom(const TensorPlace& place) {
  HeldBytes held = place.source.get();
  DRAGOMAN_CHECK(static_cast<int64_t>(held.bytes.size()) == place.source.size);
  held.bytes.remove_prefix(static_cast<size_t>(place.begin));
  return held;
}

}  // namespace

TensorArchive::TensorArchive(TensorTable table) : table_(std::make_unique<TensorTable>(std::move(table))) {}
TensorArchive::~TensorArchive() = default;

const std::string& TensorArchive::path() const { return table_->path(); }

const std::string& TensorArchive::PathOf(const std::string& name) const {
  Find(name);
  return table_->PathOf(name);
}

const std::map<std::string, ArchiveTensor>& TensorArchive::tensors() const { return table_->tensors(); }

bool TensorArchive::Has(const std::string& name) const { return tensors().count(name) > 0; }

const ArchiveTensor& TensorArchive::Find(const std::string& name) const {
  const auto found = tensors().find(name);
  if (found == tensors().end()) {
    std::vector<std::string> names;
    names.reserve(tensors().size());
    for (const auto& [there, tensor] : tensors()) names.push_back(there);
    const std::string nearest = NearestName(name, names);
    throw FormatError(path(), "has no tensor " + Quoted(name) + " among its " + std::to_string(names.size()) +
                                  (nearest.empty() ? "" : "; the nearest name is " + Quoted(nearest)) +
                                  "; take the files of one model, as they came together");
  }
  return found->second;
}

void TensorArchive::ReadFloats(const std::string& name, std::span<float> out) const {
  const ArchiveTensor& tensor = Find(name);
  DRAGOMAN_CHECK(static_cast<int64_t>(out.size()) == tensor.elements);
  const TensorPlace& place = table_->PlaceOf(name);
  const HeldBytes held = BytesFrom(place);
  const int64_t width = DTypeBytes(tensor.dtype);
  std::span<float> rest = out;
  ForEachRun(tensor, place, [&](int64_t first, int64_t step, int64_t count) {
    ConvertRun(tensor.dtype, held.bytes.data() + first * width, step, rest.first(static_cast<size_t>(count)));
    rest = rest.subspan(static_cast<size_t>(count));
  });
  if (tensor.multiplier) {
    for (float& number : out) number /= *tensor.multiplier;
  }
}

std::string TensorArchive::ReadBytes(const std::string& name) const {
  const ArchiveTensor& tensor = Find(name);
  const TensorPlace& place = table_->PlaceOf(name);
  const HeldBytes held = BytesFrom(place);
  const auto width = static_cast<size_t>(DTypeBytes(tensor.dtype));
  std::string bytes;
  bytes.reserve(static_cast<size_t>(tensor.elements) * width);
  ForEachRun(tensor, place, [&](int64_t first, int64_t step, int64_t count) {
    const auto at = static_cast<size_t>(first) * width, stride = static_cast<size_t>(step) * width;
    if (step == 1) {
      bytes += held.bytes.substr(at, static_cast<size_t>(count) * width);
    } else {
      for (size_t i = 0; i < static_cast<size_t>(count); ++i) bytes += held.bytes.substr(at + i * stride, width);
    }
  });
  return bytes;
}

CTranslate2Archive::CTranslate2Archive(TensorTable table, int64_t binary_version, std::string spec_name,
                                       int64_t spec_revision)
    : TensorArchive(std::move(table)),
      binary_version_(binary_version),
      spec_name_(std::move(spec_name)),
      spec_revision_(spec_revision) {}

}  // namespace dragoman
