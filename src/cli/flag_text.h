// SPDX-License-Identifier: Apache-2.0
// Options in words. Below cli/ an option goes by its field, `max_minutes`; who types commands knows it as
// --max-minutes.
#ifndef DRAGOMAN_CLI_FLAG_TEXT_H_
#define DRAGOMAN_CLI_FLAG_TEXT_H_

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace dragoman {

// "d_model" -> "--d-model"
std::string FlagName(std::string key);

using OptionNames = std::set<std::string, std::less<>>;  // "d_model"

// `text` with each backquoted name of an option as its flag: "give `max_steps`" -> "give --max-steps". All else that is
// between backquotes, such as `dragoman train`, stays.
std::string WithFlags(std::string_view text, const OptionNames& options);

// The same with the options of all commands of the program (command_line.cc knows them).
std::string WithFlags(std::string_view text);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_FLAG_TEXT_H_
