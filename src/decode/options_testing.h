// SPDX-License-Identifier: Apache-2.0
// Decode options that differ from the defaults in one field each, for tests of what heeds them all.
#ifndef DRAGOMAN_DECODE_OPTIONS_TESTING_H_
#define DRAGOMAN_DECODE_OPTIONS_TESTING_H_

#include <string>
#include <type_traits>
#include <vector>

#include "decode/options.h"

namespace dragoman {

struct ChangedOption {
  std::string key;
  DecodeOptions options;
};

// One for every field of ForEachDecodeOption; each would pass Validate().
inline std::vector<ChangedOption> EachDecodeOptionChanged() {
  std::vector<ChangedOption> all;
  const DecodeOptions defaults;
  ForEachDecodeOption(defaults, [&](const char* wanted, const auto&, const char*) {
    DecodeOptions options;
    ForEachDecodeOption(options, [&](const char* key, auto& field, const char*) {
      using Field = std::decay_t<decltype(field)>;
      if (std::string(key) != wanted) return;
      if constexpr (std::is_same_v<Field, bool>) {
        field = !field;
      } else if constexpr (std::is_enum_v<Field>) {
        const auto& [name, first] = NamesOf(Field{}).front();
        field = field == first ? NamesOf(Field{}).back().second : first;
      } else if constexpr (std::is_floating_point_v<Field>) {
        field = field == 0 ? Field{0.5} : field / 2;
      } else {
        field += 1;
      }
    });
    all.push_back({wanted, options});
  });
  return all;
}

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_OPTIONS_TESTING_H_
