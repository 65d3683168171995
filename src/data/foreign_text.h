// SPDX-License-Identifier: Apache-2.0
// Tells by its first bytes what a file is that was taken for text, and what makes text of it.
#ifndef DRAGOMAN_DATA_FOREIGN_TEXT_H_
#define DRAGOMAN_DATA_FOREIGN_TEXT_H_

#include <optional>
#include <string>
#include <string_view>

namespace dragoman {

struct ForeignText {
  std::string what;    // "zstd", "UTF-16 text"
  std::string remedy;  // "unpack it: zstd -dc < old > new"
};

// Looks at the beginning of a file: some kilobytes if they are there, or its first line. Nothing for what may be text
// in UTF-8; UTF-16 and UTF-32 are known by their byte order mark, or else by the NUL bytes of their ASCII characters.
std::optional<ForeignText> FindForeignText(std::string_view head);

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_FOREIGN_TEXT_H_
