// SPDX-License-Identifier: Apache-2.0
// The grammar of JSON, for json.h: finds where each value of a text begins and ends, or what is wrong with it.
#ifndef DRAGOMAN_BASE_JSON_SCANNER_H_
#define DRAGOMAN_BASE_JSON_SCANNER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dragoman {

inline constexpr int kMaxNesting = 128;  // lists and objects in one another, in any JSON or TOML that is read
inline constexpr size_t kMaxJsonValues = size_t{1} << 22;  // 64 MB of nodes; a model's largest header has 2 million

enum class JsonKind : uint32_t { kNull, kBool, kNumber, kString, kArray, kObject };

// A value, or an object's key, a string that stands before its value. In the order of the text.
struct JsonNode {
  JsonKind kind;
  uint32_t begin, end;  // bytes of the text
  uint32_t next;        // the node after all that is in this one
};

// What is wrong, and at which byte. Thrown by ScanJson, for JsonDocument to say where that is.
struct JsonFault {
  size_t at;
  std::string what;
};

// The nodes of the one value that `text` is, itself first. Strings hold valid UTF-8 and escapes that are spelled well;
// that a \u escape stands for a character, and a number for one of the machine's, is for the reader of a value to see.
std::vector<JsonNode> ScanJson(std::string_view text);

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_JSON_SCANNER_H_
