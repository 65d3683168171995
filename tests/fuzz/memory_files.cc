// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/memory_files.h"

#include <algorithm>

#include "base/error.h"
#include "base/memory_file.h"

namespace dragoman {
namespace {

constexpr std::string_view kMark = "\n@file ";

}  // namespace

std::string BundleOf(const std::map<std::string, std::string>& files) {
  std::string bundle;
  for (const auto& [name, bytes] : files) bundle += std::string(kMark).append(name).append("\n").append(bytes);
  return bundle;
}

std::map<std::string, std::string> FilesIn(std::string_view bundle) {
  std::map<std::string, std::string> files;
  size_t mark = bundle.find(kMark);
  while (mark != std::string_view::npos) {
    const std::string_view rest = bundle.substr(mark + kMark.size());
    const size_t name_end = std::min(rest.find('\n'), rest.size());
    const std::string_view after = rest.substr(std::min(name_end + 1, rest.size()));
    mark = bundle.find(kMark, mark + kMark.size());
    const size_t size =
        mark == std::string_view::npos ? after.size() : static_cast<size_t>(bundle.data() + mark - after.data());
    files[std::string(rest.substr(0, name_end))] = after.substr(0, size);
  }
  return files;
}

MemoryFiles::MemoryFiles(const std::string& directory, const std::map<std::string, std::string>& files)
    : ReadOnlyFiles("is only read; write elsewhere") {
  for (const auto& [name, bytes] : files) files_[JoinPath(directory, name)] = bytes;
}

std::unique_ptr<ReadableFile> MemoryFiles::Open(const std::string& path) {
  const auto found = files_.find(path);
  if (found == files_.end()) throw FileError(path, "is not there; take another");
  return std::make_unique<MemoryFile>(found->second);
}

FileType MemoryFiles::Type(const std::string& path) {
  if (files_.contains(path)) return FileType::kFile;
  const auto below = files_.lower_bound(path + "/");
  return below != files_.end() && below->first.starts_with(path + "/") ? FileType::kDirectory : FileType::kNone;
}

std::vector<std::string> MemoryFiles::List(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& [path, bytes] : files_) {
    if (!path.starts_with(directory + "/")) continue;
    const std::string inside = path.substr(directory.size() + 1);
    names.push_back(inside.substr(0, inside.find('/')));
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace dragoman
