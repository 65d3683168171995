// SPDX-License-Identifier: Apache-2.0
// A flag's text as a value of its field's type.
#ifndef DRAGOMAN_CLI_PARSE_VALUE_H_
#define DRAGOMAN_CLI_PARSE_VALUE_H_

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/option_text.h"

namespace dragoman {

// Names of types in --help, by which a config file's values are checked too.
inline constexpr char kIntType[] = "INT";
inline constexpr char kFloatType[] = "FLOAT";
inline constexpr char kTextType[] = "TEXT";
inline constexpr char kWordType[] = "WORD";  // one of a few

template <class Value>
constexpr const char* TypeName() {
  if constexpr (std::is_integral_v<Value>) return kIntType;
  if constexpr (std::is_floating_point_v<Value>) return kFloatType;
  if constexpr (std::is_enum_v<Value>) return kWordType;
  return kTextType;
}

// ": a, b, c" for an enum, else nothing: ends a help text.
template <class Value>
std::string ChoicesOf() {
  if constexpr (std::is_enum_v<Value>) return ": " + EnumChoices<Value>();
  return "";
}

// Whole numbers in decimal; for unsigned ones up to int64's largest, as TOML has no larger. Numbers with a point or
// exponent must be finite. Throws OptionError naming the flag, the text and what is allowed.
template <class Value>
void ParseValue(const std::string& flag, const std::string& text, Value* value) {
  if constexpr (std::is_same_v<Value, std::string>) {
    *value = text;
  } else if constexpr (std::is_enum_v<Value>) {
    const auto choice = ParseEnum<Value>(text);
    if (!choice) throw OptionError(fmt::format("{} is \"{}\", expected {}", flag, text, EnumChoices<Value>()));
    *value = *choice;
  } else {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, *value);
    const bool is_read = error == std::errc() && stop == end;
    if constexpr (std::is_floating_point_v<Value>) {
      if (is_read && std::isfinite(*value)) return;
      throw OptionError(fmt::format("{} is \"{}\", expected a number", flag, text));
    } else {
      constexpr Value kMost = std::is_unsigned_v<Value> ? static_cast<Value>(std::numeric_limits<Value>::max() >> 1)
                                                        : std::numeric_limits<Value>::max();
      if (is_read && *value <= kMost) return;
      // The range of a signed field is its struct's to say (Validate): this one's is only what its type can hold.
      if constexpr (std::is_signed_v<Value>) {
        const bool is_beyond = error == std::errc::result_out_of_range && stop == end;
        throw OptionError(fmt::format("{} is \"{}\", expected a {}whole number", flag, text,
                                      !is_beyond       ? ""
                                      : text[0] == '-' ? "larger "
                                                       : "smaller "));
      }
      throw OptionError(fmt::format("{} is \"{}\", expected a whole number from 0 to {}", flag, text, kMost));
    }
  }
}

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_PARSE_VALUE_H_
