// SPDX-License-Identifier: Apache-2.0
// JSON as it is read here, from files that anybody may have written: by the letter of RFC 8259, without recursion, in
// time and memory proportional to the text. What a string or a number stands for is looked at only when it is asked
// for, so what stands in values that nobody asks for does not matter. Every error names file, line and column.
// (What we write, nlohmann's library writes.)
#ifndef DRAGOMAN_BASE_JSON_H_
#define DRAGOMAN_BASE_JSON_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_scanner.h"

namespace dragoman {

// Where a text comes from, for its errors.
struct JsonOrigin {
  std::string path;
  std::string advice;  // what to do about any error: its end
  int64_t line = 1;    // of the file, where the text begins
};

class JsonDocument;
class JsonObject;

// A value of a document, gone when that is. A call that asks for what the value is not throws FormatError, in which
// `name` is what the value is called: "key \"step\"".
class JsonValue {
 public:
  JsonKind kind() const;

  bool Bool(std::string_view name) const;
  int64_t Integer(std::string_view name, int64_t least, int64_t most) const;
  uint64_t Unsigned(std::string_view name) const;  // of 64 bits
  double Number(std::string_view name) const;      // finite
  std::string String(std::string_view name) const;
  std::vector<JsonValue> Array(std::string_view name) const;
  JsonObject Object(std::string_view name) const;  // an error, too, if it has a key twice

  // Throws FormatError: "path:line: column N: what; advice".
  [[noreturn]] void Fail(const std::string& what) const;
  // ... "name is 1.5, expected an integer".
  [[noreturn]] void FailExpecting(std::string_view name, std::string_view expected) const;

 private:
  friend class JsonDocument;
  friend class JsonObject;
  JsonValue(const JsonDocument* document, uint32_t node) : document_(document), node_(node) {}

  const JsonNode& node() const;
  std::string_view text() const;
  std::vector<JsonValue> Inside() const;  // an array's values; an object's keys and values by turns

  const JsonDocument* document_;
  uint32_t node_;
};

// The members of an object, sorted by key.
class JsonObject {
 public:
  struct Member {
    std::string key;
    JsonValue value;
  };

  const std::vector<Member>& members() const { return members_; }
  const JsonValue* Find(std::string_view key) const;  // null when there is none
  JsonValue At(std::string_view key) const;           // throws FormatError when there is none

 private:
  friend class JsonValue;
  explicit JsonObject(JsonValue value) : value_(value) {}

  JsonValue value_;
  std::vector<Member> members_;
};

class JsonDocument {
 public:
  // Throws FormatError for what is no JSON, and for what is nested deeper or holds more values than json_scanner.h
  // allows. A byte order mark at the start is passed over.
  JsonDocument(std::string text, JsonOrigin origin);
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  JsonValue root() const { return {this, 0}; }

 private:
  friend class JsonValue;
  [[noreturn]] void Fail(size_t at, const std::string& what) const;

  std::string text_;
  JsonOrigin origin_;
  std::vector<JsonNode> nodes_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_JSON_H_
