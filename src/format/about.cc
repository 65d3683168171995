// SPDX-License-Identifier: Apache-2.0
#include "format/about.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "base/json.h"
#include "base/nearest_name.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kMaxBytes = 1 << 20;
constexpr int kGenerations = 8;  // of made_from that are written

template <class About, class Visitor>
void ForEachField(About& a, Visitor&& visit) {
  visit("name", a.name);
  visit("licence", a.licence);
  visit("origin", a.origin);
  visit("notes", a.notes);
  visit("trained_with", a.trained_with);
  visit("trained_on", a.trained_on);
  visit("pairs", a.pairs);
  visit("made_from", a.made_from);
}

Json ToObject(const ModelAbout& about, int generations) {
  Json json = Json::object();
  ForEachField(about, [&]<class Field>(const char* key, const Field& field) {
    if constexpr (std::is_same_v<Field, std::vector<ModelAbout>>) {
      if (generations == 0) return;
      for (const ModelAbout& parent : field) json[key].push_back(ToObject(parent, generations - 1));
    } else {
      if (field != Field{}) json[key] = field;
    }
  });
  return json;
}

ModelAbout FromObject(const JsonValue& value) {
  const JsonObject json = value.Object("this");
  ModelAbout about;
  std::vector<std::string> known;
  ForEachField(about, [&]<class Field>(const char* key, Field& field) {
    known.emplace_back(key);
    const JsonValue* const found = json.Find(key);
    if (found == nullptr) return;
    if constexpr (std::is_same_v<Field, std::vector<ModelAbout>>) {
      for (const JsonValue& parent : found->Array(key)) field.push_back(FromObject(parent));
    } else if constexpr (std::is_same_v<Field, std::vector<std::string>>) {
      for (const JsonValue& text : found->Array(key)) field.push_back(text.String(key));
    } else if constexpr (std::is_same_v<Field, int64_t>) {
      field = found->Integer(key, 0, std::numeric_limits<int64_t>::max());
    } else {
      field = found->String(key);
    }
  });
  for (const JsonObject::Member& member : json.members()) {
    if (std::ranges::find(known, member.key) != known.end()) continue;
    member.value.Fail(fmt::format("key \"{}\" is not known{} expected {}", member.key, DidYouMean(member.key, known),
                                  fmt::join(known, ", ")));
  }
  return about;
}

}  // namespace

std::string ModelAbout::ToJson() const {
  return ToObject(*this, kGenerations).dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

ModelAbout ModelAbout::FromJson(const std::string& text, const std::string& path) {
  return FromObject(JsonDocument(text, {path, "mend the file by hand, or delete it: a model does without"}).root());
}

std::optional<ModelAbout> ReadAbout(FileSystem& files, const std::string& directory) {
  const std::string path = JoinPath(directory, kAboutFile);
  if (files.Type(path) == FileType::kNone) return std::nullopt;
  return ModelAbout::FromJson(ReadFile(files, path, kMaxBytes), path);
}

CheckpointFile AboutFile(const ModelAbout& about) {
  CheckpointFile file = FileOfBytes(kAboutFile, about.ToJson());
  file.is_sealed = false;
  return file;
}

}  // namespace dragoman
