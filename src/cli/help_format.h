// SPDX-License-Identifier: Apache-2.0
// How --help looks.
#ifndef DRAGOMAN_CLI_HELP_FORMAT_H_
#define DRAGOMAN_CLI_HELP_FORMAT_H_

#include <CLI/CLI.hpp>
#include <string>

namespace dragoman {

// CLI11's layout, with switches as --[no-]name and the default after the description.
class HelpFormat : public CLI::Formatter {
 public:
  HelpFormat();
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_HELP_FORMAT_H_
