// SPDX-License-Identifier: Apache-2.0
// Option structs as JSON: visitors for their lists of fields, visit(key, field, help).
#ifndef DRAGOMAN_BASE_OPTION_JSON_H_
#define DRAGOMAN_BASE_OPTION_JSON_H_

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>

#include "base/enum_names.h"
#include "base/json.h"

namespace dragoman {

// Puts each field visited under its key. Json is an object of nlohmann's library, or anything with its operator[].
template <class Json>
struct OptionJsonWriter {
  Json& json;

  template <class Value>
  void operator()(const char* key, const Value& field, const char*) const {
    if constexpr (std::is_enum_v<Value>) {
      json[key] = EnumName(field);
    } else if constexpr (std::is_same_v<Value, float>) {
      json[key] = std::stod(fmt::format("{}", field));  // the shortest decimal form: 0.1f is written 0.1
    } else {
      json[key] = field;
    }
  }
};

// Sets each field visited to the value under its key. Throws FormatError naming a key whose value is of another type,
// or more than the field can hold. A field whose key is missing keeps the value it has.
struct OptionJsonReader {
  const JsonObject& json;

  template <class Value>
  void operator()(const char* key, Value& field, const char*) const {
    const JsonValue* found = json.Find(key);
    if (found == nullptr) return;
    const JsonValue& value = *found;
    const std::string name = fmt::format("key \"{}\"", key);
    if constexpr (std::is_same_v<Value, bool>) {
      field = value.Bool(name);
    } else if constexpr (std::is_enum_v<Value>) {
      const auto choice = value.kind() == JsonKind::kString ? ParseEnum<Value>(value.String(name)) : std::nullopt;
      if (!choice) value.FailExpecting(name, "one of " + EnumChoices<Value>());
      field = *choice;
    } else if constexpr (std::is_floating_point_v<Value>) {
      const double number = value.Number(name);
      if (std::abs(number) > double{std::numeric_limits<Value>::max()})
        value.FailExpecting(name, "a number of 32 bits");
      field = static_cast<Value>(number);
    } else if constexpr (std::is_same_v<Value, uint64_t>) {
      field = value.Unsigned(name);
    } else {
      static_assert(std::is_integral_v<Value> && std::is_signed_v<Value>);
      using Limits = std::numeric_limits<Value>;
      field = static_cast<Value>(value.Integer(name, Limits::min(), Limits::max()));
    }
  }
};

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_OPTION_JSON_H_
