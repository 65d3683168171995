// SPDX-License-Identifier: Apache-2.0
// Enums as words, for flags, config files and JSON. An enum takes part by declaring, beside itself,
//   const EnumNames<Color>& NamesOf(Color);   // found by argument-dependent lookup
#ifndef DRAGOMAN_BASE_ENUM_NAMES_H_
#define DRAGOMAN_BASE_ENUM_NAMES_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dragoman {

template <class Enum>
using EnumNames = std::vector<std::pair<std::string_view, Enum>>;

template <class Enum>
std::string_view EnumName(Enum value) {
  for (const auto& [name, choice] : NamesOf(Enum{})) {
    if (choice == value) return name;
  }
  return "?";
}

template <class Enum>
std::optional<Enum> ParseEnum(std::string_view text) {
  for (const auto& [name, choice] : NamesOf(Enum{})) {
    if (name == text) return choice;
  }
  return std::nullopt;
}

// "sinusoidal, learned, none"
template <class Enum>
std::string EnumChoices() {
  std::string choices;
  for (const auto& [name, choice] : NamesOf(Enum{})) {
    choices += choices.empty() ? "" : ", ";
    choices += name;
  }
  return choices;
}

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_ENUM_NAMES_H_
