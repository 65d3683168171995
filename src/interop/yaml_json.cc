// SPDX-License-Identifier: Apache-2.0
#include "interop/yaml_json.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json_scanner.h"
#include "base/utf8.h"

namespace dragoman {
namespace {

constexpr char kAdvice[] = "take the file that the model came with";

// A word that is not quoted.
nlohmann::ordered_json PlainValue(const std::string& word) {
  if (word.empty() || word == "~" || word == "null") return nullptr;
  if (word == "true") return true;
  if (word == "false") return false;
  const char* const end = word.data() + word.size();
  int64_t integer = 0;
  if (const auto read = std::from_chars(word.data(), end, integer); read.ec == std::errc() && read.ptr == end) {
    return integer;
  }
  double number = 0;
  if (const auto read = std::from_chars(word.data(), end, number);
      read.ec == std::errc() && read.ptr == end && std::isfinite(number)) {
    return number;
  }
  return word;
}

// Writes JSON as yaml-cpp's parser comes by: no tree of its own, and nothing that an alias could multiply.
class JsonWriter : public YAML::EventHandler {
 public:
  JsonWriter(const std::string& path, std::string_view yaml) : path_(path), yaml_(yaml) {}

  std::string Take() { return json_.empty() ? "{}" : std::move(json_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { Fail(mark, "an alias"); }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { Scalar(mark, anchor, nullptr, NullAt(mark)); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (FindInvalidUtf8(value) != std::string::npos) Fail(mark, "text that is no UTF-8");
    const bool is_plain = tag != "!";
    Scalar(mark, anchor, is_plain ? PlainValue(value) : nlohmann::ordered_json(value), value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, anchor, '[');
  }
  void OnSequenceEnd() override { Close(']'); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, anchor, '{');
  }
  void OnMapEnd() override { Close('}'); }

 private:
  struct Level {
    bool is_map;
    int64_t values = 0;  // keys and values by turns, of a map
  };

  [[noreturn]] void Fail(const YAML::Mark& mark, const std::string& found) const {
    throw FormatError(path_, mark.line + 1, found + ", expected plain lists, names and values; " + kAdvice);
  }
  // The word for nothing that stands there, which may be a piece of a vocabulary.
  std::string NullAt(const YAML::Mark& mark) const {
    const auto at = static_cast<size_t>(std::max(mark.pos, 0));
    const std::string_view rest = at < yaml_.size() ? yaml_.substr(at) : std::string_view();
    for (const char* const word : {"~", "null", "Null", "NULL"}) {
      if (rest.starts_with(word)) return word;
    }
    return "";
  }
  bool IsKey() const { return !levels_.empty() && levels_.back().is_map && levels_.back().values % 2 == 0; }
  void Separate() {
    if (levels_.empty()) return;
    Level& level = levels_.back();
    const bool is_value = level.is_map && level.values % 2 == 1;
    if (is_value) {
      json_ += ':';
    } else if (level.values > 0) {
      json_ += ',';
    }
    ++level.values;
  }
  void Scalar(const YAML::Mark& mark, YAML::anchor_t anchor, const nlohmann::ordered_json& value,
              const std::string& as_key) {
    if (anchor != 0) Fail(mark, "an anchor");
    const bool is_key = IsKey();
    Separate();
    json_ += is_key ? nlohmann::ordered_json(as_key).dump() : value.dump();
  }
  void Open(const YAML::Mark& mark, YAML::anchor_t anchor, char bracket) {
    if (anchor != 0) Fail(mark, "an anchor");
    if (IsKey()) Fail(mark, "a list or map as a name");
    if (levels_.size() >= kMaxNesting) Fail(mark, fmt::format("lists more than {} deep", kMaxNesting));
    Separate();
    json_ += bracket;
    levels_.push_back({bracket == '{'});
  }
  void Close(char bracket) {
    json_ += bracket;
    levels_.pop_back();
  }

  const std::string& path_;
  std::string_view yaml_;
  std::string json_;
  std::vector<Level> levels_;
};

}  // namespace

std::string JsonOfYaml(std::string yaml, const std::string& path) {
  while (!yaml.empty() && yaml.back() == '\0') yaml.pop_back();
  JsonWriter writer(path, yaml);
  try {
    std::istringstream stream(yaml);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(writer);
  } catch (const YAML::Exception& error) {
    throw FormatError(path, error.mark.line + 1, fmt::format("is no YAML ({}); {}", error.msg, kAdvice));
  }
  return writer.Take();
}

}  // namespace dragoman
