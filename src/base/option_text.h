// SPDX-License-Identifier: Apache-2.0
// The value of an option as text.
#ifndef DRAGOMAN_BASE_OPTION_TEXT_H_
#define DRAGOMAN_BASE_OPTION_TEXT_H_

#include <fmt/format.h>

#include <string>
#include <type_traits>

#include "base/enum_names.h"

namespace dragoman {

// The least text that reads as the same value again.
template <class Value>
std::string ValueText(const Value& value) {
  if constexpr (std::is_enum_v<Value>) {
    return std::string(EnumName(value));
  } else {
    return fmt::format("{}", value);
  }
}

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_OPTION_TEXT_H_
