// SPDX-License-Identifier: Apache-2.0
// SourceSettings: the settings of somebody's model, read so that none is overlooked: each key is taken, has to have the
// one value that the family's arithmetic has, or is known to change no number. What is left is an error.
#ifndef DRAGOMAN_INTEROP_SOURCE_SETTINGS_H_
#define DRAGOMAN_INTEROP_SOURCE_SETTINGS_H_

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "base/json.h"

namespace dragoman {

class SourceSettings {
 public:
  // Of an object in the JSON file `path`. Throws FileError, FormatError.
  SourceSettings(FileSystem& files, const std::string& path);
  // Of a text; `path` names it in messages.
  SourceSettings(std::string json, const std::string& path);

  const std::string& path() const { return path_; }
  bool Has(std::string_view key) const;  // null counts as absent

  // Each takes a key. One that is absent has the value `otherwise`; without such a value it is an error.
  // Errors are FormatErrors that name file and key.
  bool Bool(const std::string& key, std::optional<bool> otherwise = {});
  int64_t Integer(const std::string& key, int64_t least, int64_t most, std::optional<int64_t> otherwise = {});
  double Number(const std::string& key, std::optional<double> otherwise = {});
  std::string String(const std::string& key, const std::optional<std::string>& otherwise = {});

  // The integer of a key that may also hold a list of them; none when it is absent.
  std::vector<int64_t> Integers(const std::string& key);
  // The text of a key that may also hold a list of them; none when it is absent.
  std::vector<std::string> Strings(const std::string& key);
  // The same of words, numbers and bools, as text.
  std::vector<std::string> Scalars(const std::string& key);
  // Lists of integers, such as bad_words_ids.
  std::vector<std::vector<int64_t>> IntegerLists(const std::string& key);

  // Where the key is there, it has this value.
  void ExpectBool(const std::string& key, bool value);
  void ExpectInteger(const std::string& key, int64_t value);
  void ExpectString(const std::string& key, const std::string& value);

  // Keys that change no number of the model's.
  void Ignore(std::span<const char* const> keys);
  void Ignore(std::initializer_list<const char*> keys) { Ignore({keys.begin(), keys.size()}); }

  // Throws FormatError naming a key that none of the above has been asked about.
  void RequireNoneLeft() const;

  // Throws FormatError: "key is VALUE, expected ...".
  [[noreturn]] void Refuse(const std::string& key, const std::string& expected) const;

 private:
  const JsonValue* Take(const std::string& key);
  const JsonValue& Required(const std::string& key) const;

  std::string path_;
  std::unique_ptr<const JsonDocument> document_;
  std::unique_ptr<const JsonObject> object_;
  std::set<std::string, std::less<>> taken_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_SOURCE_SETTINGS_H_
