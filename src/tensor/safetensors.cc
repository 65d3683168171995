// SPDX-License-Identifier: Apache-2.0
#include "tensor/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/checked_size.h"
#include "base/error.h"
#include "tensor/half.h"

namespace dragoman {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers go from file to memory as they are");

constexpr int64_t kLengthBytes = 8;                    // the file begins with the header's length
constexpr int64_t kMaxHeaderBytes = int64_t{1} << 25;  // twice what our largest model's training state has
constexpr int64_t kRawAlignment = 64;                  // of the numbers, in a file of ours that has bytes
constexpr char kMetadata[] = "__metadata__";           // the one name in the header that is not a tensor's
constexpr size_t kMaxRank = 16;                        // sizes in a shape; ours have two
constexpr char kAdvice[] = "the file is damaged or no safetensors file: make or fetch it again";
constexpr int64_t kConvertChunk = int64_t{64} * 1024;  // bytes converted at a time

struct DTypeRow {
  DType dtype;
  const char* name;
  int64_t bytes;
};
constexpr DTypeRow kDTypes[] = {{DType::kBool, "BOOL", 1}, {DType::kU8, "U8", 1},   {DType::kI8, "I8", 1},
                                {DType::kU16, "U16", 2},   {DType::kI16, "I16", 2}, {DType::kF16, "F16", 2},
                                {DType::kBF16, "BF16", 2}, {DType::kU32, "U32", 4}, {DType::kI32, "I32", 4},
                                {DType::kF32, "F32", 4},   {DType::kU64, "U64", 8}, {DType::kI64, "I64", 8},
                                {DType::kF64, "F64", 8}};

const DTypeRow& RowOf(DType dtype) {
  for (const DTypeRow& row : kDTypes) {
    if (row.dtype == dtype) return row;
  }
  DRAGOMAN_CHECK(!"a dtype without a row");
  return kDTypes[0];
}

}  // namespace

const char* DTypeName(DType dtype) { return RowOf(dtype).name; }

namespace {

// A JSON string; what a terminal might obey is escaped.
std::string JsonString(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace);
}

// For messages: a name from a file, or its beginning.
std::string Quoted(const std::string& name) {
  constexpr size_t kMostBytes = 200;
  return JsonString(name.size() > kMostBytes ? name.substr(0, kMostBytes) + "..." : name);
}

template <typename T>
T Load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

float FloatAt(DType dtype, const char* at) {
  switch (dtype) {
    case DType::kF16:
      return FloatFromF16(Load<uint16_t>(at));
    case DType::kBF16:
      return FloatFromBf16(Load<uint16_t>(at));
    default:
      return static_cast<float>(Load<double>(at));
  }
}

}  // namespace

std::string ShapeString(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

void WriteSafetensors(std::vector<TensorView> tensors, const std::map<std::string, std::string>& metadata,
                      WritableFile& file) {
  const auto is_raw = [](const TensorView& tensor) { return tensor.dtype != DType::kF32; };
  std::ranges::sort(tensors, [&](const TensorView& a, const TensorView& b) {
    return is_raw(a) != is_raw(b) ? is_raw(a) : a.name < b.name;
  });
  std::string text = metadata.empty() ? "{" : "{" + JsonString(kMetadata) + ":" + nlohmann::json(metadata).dump();
  int64_t begin = 0;  // within the data
  for (size_t i = 0; i < tensors.size(); ++i) {
    const TensorView& tensor = tensors[i];
    const DTypeRow& row = RowOf(tensor.dtype);
    DRAGOMAN_CHECK(tensor.name != kMetadata && (i == 0 || tensor.name != tensors[i - 1].name));
    const auto bytes = static_cast<int64_t>(is_raw(tensor) ? tensor.bytes.size() : tensor.data.size_bytes());
    const std::optional<int64_t> elements = CheckedProduct(tensor.shape);
    DRAGOMAN_CHECK(elements && CheckedProduct({*elements, row.bytes}) == bytes);
    const nlohmann::ordered_json entry = {
        {"dtype", row.name}, {"shape", tensor.shape}, {"data_offsets", {begin, begin + bytes}}};
    text += (text.size() > 1 ? "," : "") + JsonString(tensor.name) + ":" + entry.dump();
    begin += bytes;
  }
  text += "}";
  // So that the numbers are aligned in a mapped file.
  const int64_t alignment = !tensors.empty() && is_raw(tensors.front()) ? kRawAlignment : kLengthBytes;
  const int64_t bytes_before = kLengthBytes + static_cast<int64_t>(text.size());
  const int64_t data_begin = (bytes_before + alignment - 1) / alignment * alignment;
  text.resize(static_cast<size_t>(data_begin - kLengthBytes), ' ');
  const uint64_t length = text.size();
  file.Append(std::string(reinterpret_cast<const char*>(&length), kLengthBytes) + text);
  for (const TensorView& tensor : tensors) {
    if (is_raw(tensor)) {
      if (!tensor.bytes.empty()) file.Append(tensor.bytes);
    } else if (!tensor.data.empty()) {
      file.Append(BytesOf(tensor.data));
    }
  }
}

SafetensorsReader::SafetensorsReader(FileSystem& files, const std::string& path)
    : SafetensorsReader(files.Open(path), path) {}

SafetensorsReader::SafetensorsReader(std::unique_ptr<ReadableFile> file, std::string path)
    : file_(std::move(file)), path_(std::move(path)) {
  if (file_->size() < kLengthBytes) {
    Fail("has " + std::to_string(file_->size()) + " bytes; a safetensors file has at least 10");
  }
  uint64_t length = 0;
  file_->Read(0, {reinterpret_cast<char*>(&length), kLengthBytes});
  const int64_t most = std::min(kMaxHeaderBytes, file_->size() - kLengthBytes);
  if (length > static_cast<uint64_t>(most)) {
    Fail("its header claims " + std::to_string(length) + " bytes; at most " + std::to_string(most) + " are possible");
  }
  std::string text(length, '\0');
  file_->Read(kLengthBytes, text);
  ParseHeader(std::move(text), kLengthBytes + static_cast<int64_t>(length));
  CheckPlaces(kLengthBytes + static_cast<int64_t>(length));
}

void SafetensorsReader::Fail(const std::string& what) const { throw FormatError(path_, what + "; " + kAdvice); }

// Its place still counted from the data's start.
TensorInfo SafetensorsReader::ParseTensor(const JsonObject::Member& member) const {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const std::string name = "tensor " + Quoted(member.key);
  const JsonObject entry = member.value.Object(name);
  if (entry.members().size() != 3) member.value.FailExpecting(name, "an object of dtype, shape and data_offsets");
  TensorInfo info;
  const std::string dtype = entry.At("dtype").String(name + "'s dtype");
  const auto row =
      std::find_if(std::begin(kDTypes), std::end(kDTypes), [&](const DTypeRow& r) { return dtype == r.name; });
  if (row == std::end(kDTypes)) Fail(name + " has the unknown dtype " + Quoted(dtype));
  info.dtype = row->dtype;
  const std::vector<JsonValue> shape = entry.At("shape").Array(name + "'s shape");
  if (shape.size() > kMaxRank) {
    Fail(name + " has a shape of " + std::to_string(shape.size()) + " sizes, expected at most " +
         std::to_string(kMaxRank));
  }
  for (const JsonValue& size : shape) info.shape.push_back(size.Integer("a size of " + name, 0, kMost));
  const std::vector<JsonValue> offsets = entry.At("data_offsets").Array(name + "'s data_offsets");
  if (offsets.size() != 2) Fail(name + " has data_offsets that are not two positions");
  info.begin = offsets[0].Integer("the beginning of " + name, 0, kMost);
  info.end = offsets[1].Integer("the end of " + name, 0, kMost);
  if (info.begin > info.end) Fail(name + " ends before it begins");
  const int64_t place = info.end - info.begin;
  const std::optional<int64_t> elements = CheckedProduct(info.shape);
  if (!elements || CheckedProduct({*elements, row->bytes}) != place) {
    Fail(name + " of shape " + ShapeString(info.shape) + " and dtype " + row->name + " does not fill its place of " +
         std::to_string(place) + " bytes exactly");
  }
  info.elements = *elements;
  return info;
}

void SafetensorsReader::ParseHeader(std::string text, int64_t data_begin) {
  const JsonDocument document(std::move(text), {path_ + " (its header)", kAdvice});
  const JsonObject header = document.root().Object("this");
  const int64_t data_bytes = file_->size() - data_begin;
  for (const JsonObject::Member& member : header.members()) {
    if (member.key == kMetadata) {
      const JsonObject metadata = member.value.Object(kMetadata);
      for (const JsonObject::Member& text_of : metadata.members()) {
        metadata_[text_of.key] = text_of.value.String(Quoted(text_of.key) + " of " + kMetadata);
      }
      continue;
    }
    TensorInfo info = ParseTensor(member);
    if (info.end > data_bytes) {
      Fail("tensor " + Quoted(member.key) + " ends at byte " + std::to_string(info.end) + " of the data, which has " +
           std::to_string(data_bytes));
    }
    info.begin += data_begin;
    info.end += data_begin;
    tensors_.emplace_hint(tensors_.end(), member.key, std::move(info));  // members come sorted
  }
}

// In the order of their places, each tensor begins where the one before ends, and the last ends with the file.
void SafetensorsReader::CheckPlaces(int64_t data_begin) const {
  std::vector<const std::pair<const std::string, TensorInfo>*> order;
  for (const auto& tensor : tensors_) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
  });
  int64_t at = data_begin;
  for (const auto* tensor : order) {
    if (tensor->second.begin != at) {
      Fail("tensor " + Quoted(tensor->first) + " begins at byte " + std::to_string(tensor->second.begin) +
           ", expected " + std::to_string(at) + ", where the one before it ends");
    }
    at = tensor->second.end;
  }
  if (at != file_->size()) {
    Fail("its tensors end at byte " + std::to_string(at) + " but it has " + std::to_string(file_->size()) + " bytes");
  }
}

const TensorInfo& SafetensorsReader::Find(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw FormatError(path_, "has no tensor " + Quoted(name) + " among its " + std::to_string(tensors_.size()) +
                                 "; it belongs to another configuration: use the config.json it came with");
  }
  return found->second;
}

const TensorInfo& SafetensorsReader::FindFloats(const std::string& name, const std::vector<int64_t>& shape) const {
  const TensorInfo& info = Find(name);
  if (info.shape != shape) {
    throw FormatError(path_, "tensor " + Quoted(name) + " has shape " + ShapeString(info.shape) + ", expected " +
                                 ShapeString(shape) + "; use the config.json it came with");
  }
  constexpr DType kFloats[] = {DType::kF32, DType::kF16, DType::kBF16, DType::kF64};
  if (std::ranges::find(kFloats, info.dtype) == std::end(kFloats)) {
    throw FormatError(path_, "tensor " + Quoted(name) + " has dtype " + RowOf(info.dtype).name +
                                 ", expected F32, F16, BF16 or F64; convert it first");
  }
  return info;
}

void SafetensorsReader::ReadFloats(const std::string& name, const std::vector<int64_t>& shape,
                                   std::span<float> out) const {
  DRAGOMAN_CHECK(CheckedProduct(shape) == static_cast<int64_t>(out.size()));
  const TensorInfo& info = FindFloats(name, shape);
  if (info.dtype == DType::kF32) {
    file_->Read(info.begin, {reinterpret_cast<char*>(out.data()), out.size_bytes()});
    return;
  }
  const int64_t width = RowOf(info.dtype).bytes;
  std::vector<char> chunk(kConvertChunk);
  for (int64_t at = info.begin; at < info.end;) {
    const int64_t count = std::min(kConvertChunk, info.end - at) / width;
    file_->Read(at, {chunk.data(), static_cast<size_t>(count * width)});
    float* to = out.data() + (at - info.begin) / width;
    for (int64_t i = 0; i < count; ++i) to[i] = FloatAt(info.dtype, chunk.data() + i * width);
    at += count * width;
  }
}

std::string_view SafetensorsReader::Mapped(const std::string& name, DType dtype, const std::vector<int64_t>& shape,
                                           int64_t alignment) {
  const TensorInfo& info = Find(name);
  if (info.dtype != dtype || info.shape != shape) {
    throw FormatError(path_, "tensor " + Quoted(name) + " is " + RowOf(info.dtype).name + " of shape " +
                                 ShapeString(info.shape) + ", expected " + RowOf(dtype).name + " of " +
                                 ShapeString(shape) + "; use the config.json it came with");
  }
  if (info.begin % alignment != 0) {
    Fail("tensor " + Quoted(name) + " begins at byte " + std::to_string(info.begin) + ", expected a multiple of " +
         std::to_string(alignment));
  }
  return Bytes().substr(static_cast<size_t>(info.begin), static_cast<size_t>(info.end - info.begin));
}

std::string_view SafetensorsReader::Bytes() {
  const std::span<const char> all = file_->Map();
  return {all.data(), all.size()};
}

}  // namespace dragoman
