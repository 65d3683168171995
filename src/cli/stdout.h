// SPDX-License-Identifier: Apache-2.0
// Results go to stdout, everything else to stderr: how both are written.
#ifndef DRAGOMAN_CLI_STDOUT_H_
#define DRAGOMAN_CLI_STDOUT_H_

#include <string>

#include "base/enum_names.h"

namespace dragoman {

inline constexpr char kStdoutPath[] = "-";  // what --output calls stdout

// --format of commands that answer line by line.
enum class LineFormat { kText, kJsonl };
const EnumNames<LineFormat>& NamesOf(LineFormat);

// Sends what std::cout holds on its way. Throws Error when it cannot be written: a full disk, a closed pipe.
void FlushStdout();

// Sends what is written to stdout from now on to /dev/null: on other ranks than 0.
void PointStdoutNowhere();

// `text` as one line of text: a model may, by byte pieces, produce line ends, which would put every later line out of
// step, and other control characters, which readers of text (`dragoman eval`) refuse. They become spaces, but for tabs.
std::string OneLine(std::string text);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_STDOUT_H_
