// SPDX-License-Identifier: Apache-2.0
// Several files as the bytes of one input, and a directory of them in memory.
#ifndef DRAGOMAN_TESTS_FUZZ_MEMORY_FILES_H_
#define DRAGOMAN_TESTS_FUZZ_MEMORY_FILES_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"

namespace dragoman {

// One after the other, each after a line "@file NAME": to be read, and changed, in any editor.
std::string BundleOf(const std::map<std::string, std::string>& files);
std::map<std::string, std::string> FilesIn(std::string_view bundle);  // whatever stands before the first line is none

// Only reads; all else throws FileError.
class MemoryFiles : public FileSystem {
 public:
  // Files as "directory/name".
  MemoryFiles(const std::string& directory, const std::map<std::string, std::string>& files);

  std::unique_ptr<ReadableFile> Open(const std::string& path) override;
  FileType Type(const std::string& path) override;
  bool Exists(const std::string& path) override { return Type(path) != FileType::kNone; }
  std::vector<std::string> List(const std::string& directory) override;

  std::unique_ptr<WritableFile> Create(const std::string& path) override { Refuse(path); }
  std::unique_ptr<WritableFile> OpenAppend(const std::string& path) override { Refuse(path); }
  void Truncate(const std::string& path, int64_t) override { Refuse(path); }
  void CreateDirectory(const std::string& path) override { Refuse(path); }
  void SyncDirectory(const std::string& path) override { Refuse(path); }
  void Rename(const std::string& from, const std::string&) override { Refuse(from); }
  void RemoveFile(const std::string& path) override { Refuse(path); }
  void RemoveDirectory(const std::string& path) override { Refuse(path); }
  void CreateSymlink(const std::string&, const std::string& link) override { Refuse(link); }
  std::string ReadSymlink(const std::string& link) override { Refuse(link); }
  DiskSpace Space(const std::string& path) override { Refuse(path); }
  std::unique_ptr<FileLock> TryLock(const std::string& path) override { Refuse(path); }

 private:
  [[noreturn]] void Refuse(const std::string& path) const;

  std::map<std::string, std::string> files_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TESTS_FUZZ_MEMORY_FILES_H_
