// SPDX-License-Identifier: Apache-2.0
#include "base/overwrite_check.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/file_system.h"

namespace dragoman {
namespace {

using Identity = std::pair<dev_t, ino_t>;

std::optional<Identity> IdentityOf(int error, const struct stat& info) {
  if (error != 0 || !(S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))) return std::nullopt;
  return Identity(info.st_dev, info.st_ino);
}

// Of the file or directory that path leads to in the end, if there is one.
std::optional<Identity> IdentityOf(const std::string& path) {
  struct stat info;
  return IdentityOf(stat(path.c_str(), &info), info);
}

std::optional<Identity> IdentityOf(const std::string& path, int standard_descriptor) {
  struct stat info;
  return path == "-" ? IdentityOf(fstat(standard_descriptor, &info), info) : IdentityOf(path);
}

// Whether two paths are one name in one directory, at which nothing is yet.
bool SamePlace(const std::string& a, const std::string& b) {
  struct stat info;
  if (stat(a.c_str(), &info) == 0) return false;
  const auto directory = IdentityOf(ParentDirectory(a));
  return directory && directory == IdentityOf(ParentDirectory(b)) && FileName(a) == FileName(b);
}

// Whether `path` lies somewhere below the directory.
bool LiesIn(const std::string& path, const Identity& directory) {
  std::error_code error;
  std::filesystem::path at = std::filesystem::weakly_canonical(path, error);
  for (; !error && at.has_relative_path(); at = at.parent_path()) {
    if (IdentityOf(at.parent_path()) == directory) return true;
  }
  return false;
}

std::string Describe(const std::string& option, const std::string& path, const char* standard) {
  return path == "-" ? standard : option + " " + path;
}

}  // namespace

void RefuseOverwriting(const std::string& option, const std::string& output, const std::vector<InputPath>& inputs) {
  const std::optional<Identity> written = IdentityOf(output, STDOUT_FILENO);
  for (const InputPath& input : inputs) {
    if (input.path.empty()) continue;
    const bool is_named = output != "-" && input.path != "-";
    const char* relation = nullptr;
    if ((written && written == IdentityOf(input.path, STDIN_FILENO)) || (is_named && SamePlace(output, input.path))) {
      relation = "is also";
    } else if (is_named && written && LiesIn(input.path, *written)) {
      relation = "holds";
    }
    if (relation == nullptr) continue;
    throw OptionError(fmt::format("{} {} {}, expected a place that nothing is read from; write to another",
                                  Describe(option, output, "stdout"), relation,
                                  Describe(input.option, input.path, "stdin")));
  }
}

}  // namespace dragoman
