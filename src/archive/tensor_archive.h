// SPDX-License-Identifier: Apache-2.0
// Named tensors in files that other programs wrote, whatever the format. Nothing in such a file is trusted.
#ifndef DRAGOMAN_ARCHIVE_TENSOR_ARCHIVE_H_
#define DRAGOMAN_ARCHIVE_TENSOR_ARCHIVE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "tensor/safetensors.h"  // DType

namespace dragoman {

class TensorTable;

struct ArchiveTensor {
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;       // none: one number
  int64_t elements = 1;             // the product of the shape
  std::optional<float> multiplier;  // of integers that stand for floats: value = integer / multiplier
};

// Named tensors in somebody's files: what opens has names that differ, known dtypes, and shapes whose numbers are all
// there (those of a compressed file are seen to be there when they are read). Numbers are read from the mapped file;
// a compressed tensor's bytes are in memory while it is read. Any number of threads may read at once.
class TensorArchive {
 public:
  explicit TensorArchive(TensorTable table);  // made by the functions below
  virtual ~TensorArchive();
  TensorArchive(const TensorArchive&) = delete;
  TensorArchive& operator=(const TensorArchive&) = delete;

  const std::string& path() const;                           // what was opened, for messages
  const std::string& PathOf(const std::string& name) const;  // the file that has the tensor, of several, for messages
  const std::map<std::string, ArchiveTensor>& tensors() const;
  bool Has(const std::string& name) const;

  // The tensor of that name. Throws FormatError if there is none: file, name, and the nearest name there is.
  const ArchiveTensor& Find(const std::string& name) const;

  // Fills out, of as many floats as the tensor has elements, with its numbers, row-major: floats rounded to f32,
  // integers as their value, over the multiplier where there is one, and 1 for true. Throws FormatError if there is no
  // such tensor, or if its compressed bytes are damaged.
  void ReadFloats(const std::string& name, std::span<float> out) const;

  // The numbers as they are, in the tensor's dtype, row-major, without the multiplier. Throws as ReadFloats does.
  std::string ReadBytes(const std::string& name) const;

 private:
  std::unique_ptr<const TensorTable> table_;
};

// Each takes a path, or a file that is open already, whose path is for messages only. They throw FormatError for a file
// that is not of the format, is damaged, or holds what we do not read.

// A safetensors file; or, by path, "....index.json" with the files that it names beside it (Hugging Face's shards).
std::unique_ptr<TensorArchive> OpenSafetensorsArchive(FileSystem& files, const std::string& path);
std::unique_ptr<TensorArchive> OpenSafetensorsArchive(std::unique_ptr<ReadableFile> file, const std::string& path);

// What torch.save makes of a state dict, pytorch_model.bin: a zip (PyTorch 1.6 and later) or a stream of pickles; or,
// by path, "....index.json". No code in the file is run.
std::unique_ptr<TensorArchive> OpenTorchArchive(FileSystem& files, const std::string& path);
std::unique_ptr<TensorArchive> OpenTorchArchive(std::unique_ptr<ReadableFile> file, const std::string& path);

// NumPy's .npz, stored or deflated; names are without their ".npy".
std::unique_ptr<TensorArchive> OpenNpzArchive(FileSystem& files, const std::string& path);
std::unique_ptr<TensorArchive> OpenNpzArchive(std::unique_ptr<ReadableFile> file, const std::string& path);

// Marian's .bin. The matrices of its intgemm8 and intgemm16 have a multiplier; those packed for one processor are
// refused.
std::unique_ptr<TensorArchive> OpenMarianBinary(FileSystem& files, const std::string& path);
std::unique_ptr<TensorArchive> OpenMarianBinary(std::unique_ptr<ReadableFile> file, const std::string& path);

// CTranslate2's model.bin. An alias is one more name of a tensor. Text attributes are tensors of I8, as the file has
// them; scales of quantised weights are tensors of their own, "..._scale".
class CTranslate2Archive : public TensorArchive {
 public:
  CTranslate2Archive(TensorTable table, int64_t binary_version, std::string spec_name, int64_t spec_revision);

  int64_t binary_version() const { return binary_version_; }   // 2 to 6
  const std::string& spec_name() const { return spec_name_; }  // "TransformerSpec"
  int64_t spec_revision() const { return spec_revision_; }

 private:
  int64_t binary_version_;
  std::string spec_name_;
  int64_t spec_revision_;
};
std::unique_ptr<CTranslate2Archive> OpenCTranslate2Binary(FileSystem& files, const std::string& path);
std::unique_ptr<CTranslate2Archive> OpenCTranslate2Binary(std::unique_ptr<ReadableFile> file, const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_ARCHIVE_TENSOR_ARCHIVE_H_
