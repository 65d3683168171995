// SPDX-License-Identifier: Apache-2.0
// ReadOnlyFiles: a file system that is only looked into, be it a package or memory.
#ifndef DRAGOMAN_BASE_READ_ONLY_FILES_H_
#define DRAGOMAN_BASE_READ_ONLY_FILES_H_

#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/file_system.h"

namespace dragoman {

// What derives from it opens, finds and lists; there are no links. All else throws FileError.
class ReadOnlyFiles : public FileSystem {
 public:
  // refusal: why, and what to do: the end of that error.
  explicit ReadOnlyFiles(std::string refusal) : refusal_(std::move(refusal)) {}

  bool Exists(const std::string& path) final { return Type(path) != FileType::kNone; }

  std::unique_ptr<WritableFile> Create(const std::string& path) final { Refuse(path); }
  std::unique_ptr<WritableFile> OpenAppend(const std::string& path) final { Refuse(path); }
  void Truncate(const std::string& path, int64_t) final { Refuse(path); }
  void CreateDirectory(const std::string& path) final { Refuse(path); }
  void SyncDirectory(const std::string& path) final { Refuse(path); }
  void Rename(const std::string& from, const std::string&) final { Refuse(from); }
  void RemoveFile(const std::string& path) final { Refuse(path); }
  void RemoveDirectory(const std::string& path) final { Refuse(path); }
  void CreateSymlink(const std::string&, const std::string& link) final { Refuse(link); }
  std::string ReadSymlink(const std::string& link) final { Refuse(link); }
  DiskSpace Space(const std::string& path) final { Refuse(path); }
  std::unique_ptr<FileLock> TryLock(const std::string& path) final { Refuse(path); }

 private:
  [[noreturn]] void Refuse(const std::string& path) const { throw FileError(path, refusal_); }

  std::string refusal_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_READ_ONLY_FILES_H_
