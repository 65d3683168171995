// SPDX-License-Identifier: Apache-2.0
// ZipFiles: what is in a zip, as files and directories, so that whatever reads a model's directory reads a package,
// too.
#ifndef DRAGOMAN_INTEROP_ZIP_FILES_H_
#define DRAGOMAN_INTEROP_ZIP_FILES_H_

#include <memory>
#include <string>
#include <vector>

#include "archive/zip_file.h"
#include "base/file_system.h"

namespace dragoman {

// Paths begin with the zip's own: "en_de.argosmodel/model/config.json". Only reads; all else throws FileError.
class ZipFiles : public FileSystem {
 public:
  // Throws FileError, FormatError. most: bytes of a member that may be opened.
  ZipFiles(FileSystem& files, const std::string& path, int64_t most);

  std::unique_ptr<ReadableFile> Open(const std::string& path) override;
  FileType Type(const std::string& path) override;
  bool Exists(const std::string& path) override;
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
  std::string Inside(const std::string& path) const;  // the member's name
  [[noreturn]] void Refuse(const std::string& path) const;

  std::string root_;
  int64_t most_;
  ZipFile zip_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_ZIP_FILES_H_
