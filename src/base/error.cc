// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

namespace dragoman {

FileError::FileError(const std::string& path, const std::string& what) : Error(path + ": " + what) {}

FileError::FileError(const std::string& path, int64_t line, const std::string& what)
    : Error(path + ":" + std::to_string(line) + ": " + what) {}

}  // namespace dragoman
