// SPDX-License-Identifier: Apache-2.0
// What the reader of a format makes of a file: which tensors there are, and where their numbers lie. Checking that they
// lie there, and reading them, is the same for all formats.
#ifndef DRAGOMAN_ARCHIVE_TENSOR_TABLE_H_
#define DRAGOMAN_ARCHIVE_TENSOR_TABLE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "archive/file_origin.h"
#include "archive/tensor_archive.h"
#include "base/file_system.h"

namespace dragoman {

// Bytes, as long as `owner` is held.
struct HeldBytes {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
};

// Bytes that can be asked for: a file's, or a member's of a zip, which may have to be inflated each time. Any number of
// threads may ask at once.
struct ByteSource {
  std::function<HeldBytes()> get;
  int64_t size = 0;  // of what get() returns
};

// Bytes that are there.
ByteSource HeldSource(HeldBytes held);

// All of a file, mapped.
ByteSource MappedSource(std::shared_ptr<ReadableFile> file);

// Where a tensor's numbers lie.
struct TensorPlace {
  ByteSource source;
  int64_t begin = 0;                                 // byte of the first number in the source
  std::optional<std::vector<int64_t>> strides = {};  // numbers from one index to the next; none: row-major
};

int64_t DTypeBytes(DType dtype);  // of one number

inline constexpr size_t kMaxTensorRank = 16;  // sizes in a shape

class TensorTable {
 public:
  explicit TensorTable(FileOrigin origin) : origin_(std::move(origin)), paths_{origin_.path} {}

  const FileOrigin& origin() const { return origin_; }
  const std::string& path() const { return origin_.path; }
  const std::map<std::string, ArchiveTensor>& tensors() const { return tensors_; }
  const std::string& PathOf(const std::string& name) const { return paths_[rows_.at(name).path]; }
  const TensorPlace& PlaceOf(const std::string& name) const { return rows_.at(name).place; }

  // Throws FormatError if there is a tensor of that name already, or if not all of its numbers lie in the source; also
  // if it has more elements than numbers lie there (a stride of 0), so that nobody asks for memory beyond the file's.
  void Add(const std::string& name, DType dtype, std::vector<int64_t> shape, TensorPlace place,
           std::optional<float> multiplier = std::nullopt);

  // One more name of a tensor that is there. Throws FormatError if the name is taken.
  void AddAlias(const std::string& alias, const std::string& name);

  // All tensors of another file, which must have these names and no others.
  void Merge(TensorTable shard, const std::set<std::string>& names);

 private:
  struct Row {
    TensorPlace place;
    size_t path = 0;  // place in paths_
  };
  void Insert(const std::string& name, ArchiveTensor tensor, Row row);

  FileOrigin origin_;
  std::vector<std::string> paths_;
  std::map<std::string, ArchiveTensor> tensors_;
  std::map<std::string, Row> rows_;  // of the same names
};

}  // namespace dragoman

#endif  // DRAGOMAN_ARCHIVE_TENSOR_TABLE_H_
