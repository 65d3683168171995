// SPDX-License-Identifier: Apache-2.0
#include "cli/help_format.h"

namespace dragoman {

HelpFormat::HelpFormat() { column_width(30); }

std::string HelpFormat::make_option_name(const CLI::Option* option, bool is_positional) const {
  const auto& names = option->get_lnames();
  if (!is_positional && names.size() == 2 && names[1] == "no-" + names[0]) return "--[no-]" + names[0];
  return CLI::Formatter::make_option_name(option, is_positional);
}

std::string HelpFormat::make_option_opts(const CLI::Option* option) const {
  if (option->get_items_expected_max() == 0 || option->get_type_name().empty()) return "";
  const bool several = option->get_expected_max() == CLI::detail::expected_max_vector_size;
  return " " + option->get_type_name() + (several ? " ..." : "");
}

std::string HelpFormat::make_option_desc(const CLI::Option* option) const {
  std::string text = CLI::Formatter::make_option_desc(option);
  if (option->get_required()) text += " (required)";
  const std::string& value = option->get_default_str();
  const bool is_off = option->get_items_expected_max() == 0 && value == "false";
  if (!value.empty() && value != "\"\"" && !is_off) text += " (default " + value + ")";
  return text;
}

}  // namespace dragoman
