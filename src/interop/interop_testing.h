// SPDX-License-Identifier: Apache-2.0
// Other programs' files for the tests of interop/.
#ifndef DRAGOMAN_INTEROP_INTEROP_TESTING_H_
#define DRAGOMAN_INTEROP_INTEROP_TESTING_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include "base/error.h"
#include "base/file_system.h"

namespace dragoman {

// A directory that lives as long as the object.
class TestFolder {
 public:
  TestFolder() {
    path_ = testing::TempDir() + "/dragoman_interop_XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) throw Error("cannot make a directory for the test");
  }
  ~TestFolder() { RemoveAll(RealFileSystem(), path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return JoinPath(path_, name); }

  // Whatever folders the name has are made, too.
  std::string Write(const std::string& name, const std::string& bytes) const {
    CreateDirectories(RealFileSystem(), ParentDirectory(*this / name));
    std::ofstream(*this / name, std::ios::binary) << bytes;
    return *this / name;
  }

 private:
  std::string path_;
};

// What `function` throws of ours; "" when it throws nothing.
inline std::string ErrorIn(const std::function<void()>& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_INTEROP_TESTING_H_
