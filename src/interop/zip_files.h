// SPDX-License-Identifier: Apache-2.0
// ZipFiles: what is in a zip, as files and directories, so that whatever reads a model's directory reads a package,
// too.
#ifndef DRAGOMAN_INTEROP_ZIP_FILES_H_
#define DRAGOMAN_INTEROP_ZIP_FILES_H_

#include <memory>
#include <string>
#include <vector>

#include "archive/zip_file.h"
#include "base/read_only_files.h"

namespace dragoman {

// Paths begin with the zip's own: "en_de.argosmodel/model/config.json".
class ZipFiles : public ReadOnlyFiles {
 public:
  // Throws FileError, FormatError. most: bytes of a member that may be opened.
  ZipFiles(FileSystem& files, const std::string& path, int64_t most);

  std::unique_ptr<ReadableFile> Open(const std::string& path) override;
  FileType Type(const std::string& path) override;
  std::vector<std::string> List(const std::string& directory) override;

 private:
  std::string Inside(const std::string& path) const;  // the member's name

  std::string root_;
  int64_t most_;
  ZipFile zip_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_ZIP_FILES_H_
