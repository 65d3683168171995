// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "archive/npy_header.h"
#include "archive/tensor_archive.h"
#include "archive/tensor_table.h"
#include "archive/zip_file.h"
#include "archive/zip_source.h"
#include "base/checked_size.h"

namespace dragoman {
namespace {

constexpr char kAdvice[] = "the file is damaged or no .npz of NumPy's: save it again, or fetch it again";
constexpr std::string_view kSuffix = ".npy";

// In column-major order the first index is the one that moves on by one number.
std::vector<int64_t> FortranStrides(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides;
  int64_t stride = 1;
  for (const int64_t size : shape) {
    strides.push_back(stride);
    stride *= size;
  }
  return strides;
}

}  // namespace

std::unique_ptr<TensorArchive> OpenNpzArchive(std::unique_ptr<ReadableFile> file, const std::string& path) {
  TensorTable table({path, kAdvice});
  const auto zip = std::make_shared<const ZipFile>(std::move(file), path, kAdvice);
  for (const auto& [member, there] : zip->members()) {
    const std::string subject = "member " + Quoted(member);
    if (!member.ends_with(kSuffix)) table.origin().Fail(subject + " is not an array, expected names that end in .npy");
    NpyHeader header = ParseNpyHeader(zip->ReadBeginning(member, kMaxNpyHeaderBytes), subject, table.origin());
    const std::optional<int64_t> elements = CheckedProduct(header.shape);
    const std::optional<int64_t> bytes = elements ? CheckedProduct({*elements, DTypeBytes(header.dtype)}) : elements;
    if (!bytes || *bytes != there.size - header.bytes) {
      table.origin().Fail(subject + " of shape " + ShapeString(header.shape) + " and dtype " + DTypeName(header.dtype) +
                          " does not fill its " + std::to_string(there.size - header.bytes) + " bytes exactly");
    }
    TensorPlace place{MemberSource(zip, member), header.bytes};
    if (header.fortran_order && *elements > 0) place.strides = FortranStrides(header.shape);
    table.Add(member.substr(0, member.size() - kSuffix.size()), header.dtype, std::move(header.shape),
              std::move(place));
  }
  return std::make_unique<TensorArchive>(std::move(table));
}

std::unique_ptr<TensorArchive> OpenNpzArchive(FileSystem& files, const std::string& path) {
  return OpenNpzArchive(files.Open(path), path);
}

}  // namespace dragoman
