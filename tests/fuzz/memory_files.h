// SPDX-License-Identifier: Apache-2.0
// Several files as the bytes of one input, and a directory of them in memory.
#ifndef DRAGOMAN_TESTS_FUZZ_MEMORY_FILES_H_
#define DRAGOMAN_TESTS_FUZZ_MEMORY_FILES_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/read_only_files.h"

namespace dragoman {

// One after the other, each after a line "@file NAME": to be read, and changed, in any editor.
std::string BundleOf(const std::map<std::string, std::string>& files);
std::map<std::string, std::string> FilesIn(std::string_view bundle);  // whatever stands before the first line is none

class MemoryFiles : public ReadOnlyFiles {
 public:
  // Files as "directory/name".
  MemoryFiles(const std::string& directory, const std::map<std::string, std::string>& files);

  std::unique_ptr<ReadableFile> Open(const std::string& path) override;
  FileType Type(const std::string& path) override;
  std::vector<std::string> List(const std::string& directory) override;

 private:
  std::map<std::string, std::string> files_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TESTS_FUZZ_MEMORY_FILES_H_
