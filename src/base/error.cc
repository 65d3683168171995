// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

namespace dragoman {
namespace {

// "`warmup` is -3, ..." -> "warmup"
std::string OptionAtBegin(const std::string& message) {
  if (!message.starts_with('`')) return "";
  const size_t end = message.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", 1);
  return end != std::string::npos && message[end] == '`' ? message.substr(1, end - 1) : "";
}

std::string At(const std::string& path, int64_t line, const std::string& what) {
  return path + ":" + std::to_string(line) + ": " + what;
}

}  // namespace

Error::~Error() = default;

const EnumNames<ErrorCode>& NamesOf(ErrorCode) {
  static const EnumNames<ErrorCode> names = {{"other", ErrorCode::kOther},
                                             {"option", ErrorCode::kOption},
                                             {"file", ErrorCode::kFile},
                                             {"format", ErrorCode::kFormat},
                                             {"shape", ErrorCode::kShape},
                                             {"numeric", ErrorCode::kNumeric},
                                             {"communication", ErrorCode::kCommunication},
                                             {"resource", ErrorCode::kResource},
                                             {"internal", ErrorCode::kInternal},
                                             {"cancelled", ErrorCode::kCancelled}};
  return names;
}

OptionError::OptionError(const std::string& what) : OptionError(what, OptionAtBegin(what)) {}

OptionError::OptionError(const std::string& what, const std::string& option) : Error(what, ErrorCode::kOption) {
  option_ = option;
}

FileError::FileError(const std::string& path, const std::string& what)
    : FileError(path, 0, path + ": " + what, ErrorCode::kFile) {}

FileError::FileError(const std::string& path, int64_t line, const std::string& what)
    : FileError(path, line, At(path, line, what), ErrorCode::kFile) {}

FileError::FileError(const std::string& path, int64_t line, const std::string& message, ErrorCode code)
    : Error(message, code) {
  path_ = path;
  line_ = line;
}

FormatError::FormatError(const std::string& path, const std::string& what)
    : FileError(path, 0, path + ": " + what, ErrorCode::kFormat) {}

FormatError::FormatError(const std::string& path, int64_t line, const std::string& what)
    : FileError(path, line, At(path, line, what), ErrorCode::kFormat) {}

}  // namespace dragoman
