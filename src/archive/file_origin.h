// SPDX-License-Identifier: Apache-2.0
// How errors about another program's file are said.
#ifndef DRAGOMAN_ARCHIVE_FILE_ORIGIN_H_
#define DRAGOMAN_ARCHIVE_FILE_ORIGIN_H_

#include <string>
#include <string_view>

namespace dragoman {

struct FileOrigin {
  std::string path;
  std::string advice;  // what to do about whatever is wrong with the file: the end of the message

  // Throws FormatError "path: what; advice".
  [[noreturn]] void Fail(const std::string& what) const;
};

// A name from a file, or its beginning, between quotes; what a terminal might obey is escaped.
std::string Quoted(std::string_view name);

}  // namespace dragoman

#endif  // DRAGOMAN_ARCHIVE_FILE_ORIGIN_H_
