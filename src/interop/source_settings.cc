// SPDX-License-Identifier: Apache-2.0
#include "interop/source_settings.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"

namespace dragoman {
namespace {

constexpr int64_t kMaxSettingsBytes = int64_t{1} << 22;
constexpr char kAdvice[] = "take the files that the model came with";

std::string Quoted(const std::string& key) { return fmt::format("key \"{}\"", key); }

}  // namespace

SourceSettings::SourceSettings(FileSystem& files, const std::string& path)
    : SourceSettings(ReadFile(files, path, kMaxSettingsBytes), path) {}

SourceSettings::SourceSettings(std::string json, const std::string& path)
    : path_(path),
      document_(std::make_unique<JsonDocument>(std::move(json), JsonOrigin{path, kAdvice})),
      object_(std::make_unique<JsonObject>(document_->root().Object("this"))) {}

bool SourceSettings::Has(std::string_view key) const {
  const JsonValue* const value = object_->Find(key);
  return value != nullptr && value->kind() != JsonKind::kNull;
}

const JsonValue* SourceSettings::Take(const std::string& key) {
  taken_.insert(key);
  return Has(key) ? object_->Find(key) : nullptr;
}

const JsonValue& SourceSettings::Required(const std::string& key) const {
  if (const JsonValue* const value = object_->Find(key)) return *value;
  throw FormatError(path_, fmt::format("has no {}, which says what the model computes; {}", Quoted(key), kAdvice));
}

bool SourceSettings::Bool(const std::string& key, std::optional<bool> otherwise) {
  const JsonValue* const value = Take(key);
  return value == nullptr && otherwise ? *otherwise : Required(key).Bool(Quoted(key));
}

int64_t SourceSettings::Integer(const std::string& key, int64_t least, int64_t most, std::optional<int64_t> otherwise) {
  const JsonValue* const value = Take(key);
  return value == nullptr && otherwise ? *otherwise : Required(key).Integer(Quoted(key), least, most);
}

double SourceSettings::Number(const std::string& key, std::optional<double> otherwise) {
  const JsonValue* const value = Take(key);
  return value == nullptr && otherwise ? *otherwise : Required(key).Number(Quoted(key));
}

std::string SourceSettings::String(const std::string& key, const std::optional<std::string>& otherwise) {
  const JsonValue* const value = Take(key);
  return value == nullptr && otherwise ? *otherwise : Required(key).String(Quoted(key));
}

namespace {

std::vector<int64_t> IntegersOf(const JsonValue& value, const std::string& key) {
  constexpr int64_t kLargest = int64_t{1} << 31;
  if (value.kind() != JsonKind::kArray) return {value.Integer(Quoted(key), -kLargest, kLargest)};
  std::vector<int64_t> integers;
  for (const JsonValue& one : value.Array(Quoted(key))) {
    integers.push_back(one.Integer(Quoted(key), -kLargest, kLargest));
  }
  return integers;
}

}  // namespace

std::vector<int64_t> SourceSettings::Integers(const std::string& key) {
  const JsonValue* const value = Take(key);
  return value == nullptr ? std::vector<int64_t>{} : IntegersOf(*value, key);
}

std::vector<std::string> SourceSettings::Strings(const std::string& key) {
  const JsonValue* const value = Take(key);
  if (value == nullptr) return {};
  if (value->kind() != JsonKind::kArray) return {value->String(Quoted(key))};
  std::vector<std::string> strings;
  for (const JsonValue& one : value->Array(Quoted(key))) strings.push_back(one.String(Quoted(key)));
  return strings;
}

std::vector<std::string> SourceSettings::Scalars(const std::string& key) {
  const JsonValue* const value = Take(key);
  if (value == nullptr) return {};
  std::vector<std::string> scalars;
  for (const JsonValue& one :
       value->kind() == JsonKind::kArray ? value->Array(Quoted(key)) : std::vector<JsonValue>{*value}) {
    if (one.kind() == JsonKind::kNumber) {
      scalars.push_back(fmt::format("{}", one.Number(Quoted(key))));
    } else if (one.kind() == JsonKind::kBool) {
      scalars.push_back(one.Bool(Quoted(key)) ? "true" : "false");
    } else {
      scalars.push_back(one.String(Quoted(key)));
    }
  }
  return scalars;
}

std::vector<std::vector<int64_t>> SourceSettings::IntegerLists(const std::string& key) {
  std::vector<std::vector<int64_t>> lists;
  if (const JsonValue* const value = Take(key)) {
    for (const JsonValue& list : value->Array(Quoted(key))) lists.push_back(IntegersOf(list, key));
  }
  return lists;
}

void SourceSettings::ExpectBool(const std::string& key, bool value) {
  if (Bool(key, value) != value) Refuse(key, value ? "true" : "false");
}

void SourceSettings::ExpectInteger(const std::string& key, int64_t value) {
  if (Integer(key, INT64_MIN, INT64_MAX, value) != value) Refuse(key, std::to_string(value));
}

void SourceSettings::ExpectString(const std::string& key, const std::string& value) {
  if (String(key, value) != value) Refuse(key, fmt::format("\"{}\"", value));
}

void SourceSettings::Ignore(std::span<const char* const> keys) {
  for (const char* const key : keys) taken_.insert(key);
}

void SourceSettings::RequireNoneLeft() const {
  for (const JsonObject::Member& member : object_->members()) {
    if (taken_.contains(member.key) || member.value.kind() == JsonKind::kNull) continue;
    member.value.Fail(
        fmt::format("{} is none that is known of such a model, and may change what it computes", Quoted(member.key)));
  }
}

void SourceSettings::Refuse(const std::string& key, const std::string& expected) const {
  Required(key).FailExpecting(Quoted(key), expected);
}

}  // namespace dragoman
