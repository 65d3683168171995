// SPDX-License-Identifier: Apache-2.0
#include "interop/zip_files.h"

#include <algorithm>

#include "base/error.h"

namespace dragoman {

ZipFiles::ZipFiles(FileSystem& files, const std::string& path, int64_t most)
    : ReadOnlyFiles("is part of a package, which is only read; unpack it first"),
      root_(path),
      most_(most),
      zip_(files.Open(path), path) {}

std::string ZipFiles::Inside(const std::string& path) const {
  return path.starts_with(root_ + "/") ? path.substr(root_.size() + 1) : "";
}

std::unique_ptr<ReadableFile> ZipFiles::Open(const std::string& path) {
  if (!zip_.Has(Inside(path))) throw FileError(path, "is not in the package; fetch it again");
  return zip_.Open(Inside(path), most_);
}

FileType ZipFiles::Type(const std::string& path) {
  if (path == root_) return FileType::kDirectory;
  const std::string name = Inside(path);
  if (zip_.Has(name)) return FileType::kFile;
  const auto below = zip_.members().lower_bound(name + "/");
  return below != zip_.members().end() && below->first.starts_with(name + "/") ? FileType::kDirectory : FileType::kNone;
}

std::vector<std::string> ZipFiles::List(const std::string& directory) {
  const std::string inside = directory == root_ ? "" : Inside(directory) + "/";
  std::vector<std::string> names;
  for (const auto& [member, info] : zip_.members()) {
    if (!member.starts_with(inside)) continue;
    std::string name = member.substr(inside.size());
    name = name.substr(0, name.find('/'));
    if (!name.empty() && (names.empty() || names.back() != name)) names.push_back(name);
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace dragoman
