// SPDX-License-Identifier: Apache-2.0
// How `dragoman info` looks to a person.
#ifndef DRAGOMAN_CLI_INFO_TEXT_H_
#define DRAGOMAN_CLI_INFO_TEXT_H_

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace dragoman {

// What Describe found, as lines of a label and a text; without control characters, whatever files hold.
std::string InfoText(const nlohmann::ordered_json& found);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_INFO_TEXT_H_
