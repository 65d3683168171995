// SPDX-License-Identifier: Apache-2.0
#ifndef DRAGOMAN_CLI_GIVEN_ONCE_H_
#define DRAGOMAN_CLI_GIVEN_ONCE_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace dragoman {

// Throws OptionError, naming both values, when args (as SplitValues returns them) give an option of `app` twice that
// does not take several: one of the two would be ignored. --x and --no-x are one option.
void CheckGivenOnce(const CLI::App& app, const std::vector<std::string>& args);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_GIVEN_ONCE_H_
