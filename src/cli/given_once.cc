// SPDX-License-Identifier: Apache-2.0
#include "cli/given_once.h"

#include <fmt/format.h>

#include <map>

#include "base/error.h"

namespace dragoman {
namespace {

bool TakesSeveral(const CLI::Option& option) {
  return option.get_expected_max() == CLI::detail::expected_max_vector_size;
}

// How the command line gives an option: "--sample"; or "--model=V", "--model" "V" as flag and value.
struct Given {
  std::string flag;
  std::string value;
};

std::string Explain(const Given& first, const Given& second) {
  if (first.flag != second.flag) {
    return fmt::format("{} and {} are both given, expected one of them; leave one out", first.flag, second.flag);
  }
  if (first.value.empty() && second.value.empty()) return fmt::format("{} is given twice, expected once", first.flag);
  return fmt::format("{} is given twice, as \"{}\" and as \"{}\", expected once; leave one out", first.flag,
                     first.value, second.value);
}

}  // namespace

void CheckGivenOnce(const CLI::App& app, const std::vector<std::string>& args) {
  std::map<const CLI::Option*, Given> given;
  for (size_t i = 0; i < args.size() && args[i] != "--"; ++i) {
    const size_t equals = args[i].find('=');
    Given now{args[i].substr(0, equals), equals == std::string::npos ? "" : args[i].substr(equals + 1)};
    const CLI::Option* option =
        now.flag.size() > 2 && now.flag.rfind("--", 0) == 0 ? app.get_option_no_throw(now.flag) : nullptr;
    if (option == nullptr || option == app.get_help_ptr() || TakesSeveral(*option)) continue;
    const bool may_have_value = option->get_items_expected_max() > 0 && equals == std::string::npos;
    if (may_have_value && i + 1 < args.size() &&
        (option->get_items_expected_min() > 0 || args[i + 1].rfind('-', 0) != 0)) {
      now.value = args[++i];
    }
    if (const auto [first, is_new] = given.emplace(option, now); !is_new) {
      throw OptionError(Explain(first->second, now));
    }
  }
}

}  // namespace dragoman
