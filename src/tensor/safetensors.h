// SPDX-License-Identifier: Apache-2.0
// Safetensors, the file format of named tensors that Hugging Face's safetensors package and most of the field read:
// eight bytes of header length, a JSON header (name → dtype, shape, place), then the numbers. See docs/formats.md.
// We write f32, and bytes as they are; we read f32, f16, bf16 and f64 as f32. The file is little-endian, as the
// machines we build for.
#ifndef DRAGOMAN_TENSOR_SAFETENSORS_H_
#define DRAGOMAN_TENSOR_SAFETENSORS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/json.h"

namespace dragoman {

enum class DType { kBool, kU8, kI8, kU16, kI16, kF16, kBF16, kU32, kI32, kF32, kU64, kI64, kF64 };

const char* DTypeName(DType dtype);  // "F32"

// A tensor to be written. Owns no numbers.
struct TensorView {
  std::string name;
  std::vector<int64_t> shape;
  std::span<const float> data;  // as many as the shape says, row-major
  DType dtype = DType::kF32;    // another one: then bytes are written, not data
  std::string_view bytes = {};
};

// Writes a whole file of tensors: those of bytes first, so that they lie on multiples of 64 bytes if their sizes are
// such; else in the order of their names whatever the order given, so that the same tensors make the same bytes.
// metadata is free text for people and tools. Does not sync. Names differ, and none is "__metadata__".
void WriteSafetensors(std::vector<TensorView> tensors, const std::map<std::string, std::string>& metadata,
                      WritableFile& file);

// A tensor in a file.
struct TensorInfo {
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  int64_t elements = 0;  // the product of the shape
  int64_t begin = 0;     // bytes from the file's start
  int64_t end = 0;
};

// Reads a file whose bytes may come from anywhere: what opens without an exception has a header within bounds, known
// dtypes, shapes that fill their places exactly, and places that cover the file without overlap. Any number of threads
// may read at once.
class SafetensorsReader {
 public:
  // Reads and checks the header only. Throws FormatError: path, what was found, what was expected.
  SafetensorsReader(FileSystem& files, const std::string& path);
  SafetensorsReader(std::unique_ptr<ReadableFile> file, std::string path);  // path is for messages only

  const std::string& path() const { return path_; }
  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  bool Has(const std::string& name) const { return tensors_.count(name) > 0; }

  // The tensor of that name. Throws FormatError if there is none.
  const TensorInfo& Find(const std::string& name) const;

  // Throws FormatError unless there is a tensor of that name, of this shape, and of floating-point numbers.
  const TensorInfo& FindFloats(const std::string& name, const std::vector<int64_t>& shape) const;

  // Fills out with the numbers of a tensor that must have this shape, straight from the file. Throws FormatError if
  // it is not there, has another shape, or does not hold floating-point numbers.
  void ReadFloats(const std::string& name, const std::vector<int64_t>& shape, std::span<float> out) const;

  // The whole file, where it lies in memory, as long as this reader lives.
  std::string_view Bytes();

  // Of it a tensor's, which must have this dtype and shape. Throws FormatError, also where they do not begin on a
  // multiple of `alignment`.
  std::string_view Mapped(const std::string& name, DType dtype, const std::vector<int64_t>& shape, int64_t alignment);

 private:
  void ParseHeader(std::string text, int64_t data_begin);
  TensorInfo ParseTensor(const JsonObject::Member& member) const;
  void CheckPlaces(int64_t data_begin) const;
  [[noreturn]] void Fail(const std::string& what) const;

  std::unique_ptr<ReadableFile> file_;
  std::string path_;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::string> metadata_;
};

// "[512, 8]", as error messages print it.
std::string ShapeString(const std::vector<int64_t>& shape);

}  // namespace dragoman

#endif  // DRAGOMAN_TENSOR_SAFETENSORS_H_
