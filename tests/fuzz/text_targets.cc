// SPDX-License-Identifier: Apache-2.0
// Texts: JSON, TOML and YAML as such, and a corpus.
#include <sys/mman.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/config_file.h"
#include "cli/parse_value.h"
#include "data/line_reader.h"
#include "data/parallel_reader.h"
#include "interop/yaml_json.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/targets.h"

namespace dragoman {
namespace {

// Asks for all that a value is; of a string or number that may be an error.
void WalkJson(const JsonValue& value) {
  try {
    switch (value.kind()) {
      case JsonKind::kNull:
        break;
      case JsonKind::kBool:
        value.Bool("it");
        break;
      case JsonKind::kNumber:
        value.Number("it");
        value.Integer("it", -100, 100);
        break;
      case JsonKind::kString:
        DRAGOMAN_CHECK(IsValidUtf8(value.String("it")));
        break;
      case JsonKind::kArray:
        for (const JsonValue& item : value.Array("it")) WalkJson(item);
        break;
      case JsonKind::kObject:
        const JsonObject object = value.Object("it");
        for (const auto& [key, member] : object.members()) {
          DRAGOMAN_CHECK(object.Find(key) != nullptr);
          WalkJson(member);
        }
        break;
    }
  } catch (const FormatError& error) {
    DRAGOMAN_CHECK(error.line() >= 1);
  }
}

// A command with a flag of each type.
class ConfigCommand {
 public:
  ConfigCommand() {
    const auto ignore = [](const std::string&) {};
    app_.add_option_function<std::string>("--steps", ignore)->type_name(kIntType);
    app_.add_option_function<std::string>("--rate", ignore)->type_name(kFloatType);
    app_.add_option_function<std::string>("--output", ignore)->type_name(kTextType);
    app_.add_flag("--resume,!--no-resume");
  }

  void Read(const std::string& toml) const {
    for (const auto& [key, text] : ConfigTexts(app_, toml, "f", {"help"})) {
      int64_t steps = 0;
      double rate = 0;
      if (key == "steps") WithoutError([&, &value = text] { ParseValue("--steps", value, &steps); });
      if (key == "rate") ParseValue("--rate", text, &rate);  // which may be infinite there
      if (key == "resume") DRAGOMAN_CHECK(text == "true" || text == "false");
    }
  }

 private:
  CLI::App app_{"", "train"};
};

// A file in memory that has a path.
class MemoryPath {
 public:
  explicit MemoryPath(std::string_view bytes) : fd_(memfd_create("fuzz", MFD_CLOEXEC)) {
    DRAGOMAN_CHECK(fd_ >= 0 && write(fd_, bytes.data(), bytes.size()) == std::ssize(bytes));
  }
  ~MemoryPath() { close(fd_); }
  MemoryPath(const MemoryPath&) = delete;
  MemoryPath& operator=(const MemoryPath&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

void CheckLine(std::string_view line) {
  DRAGOMAN_CHECK(IsValidUtf8(line));
  for (const char byte : {'\0', '\n'}) DRAGOMAN_CHECK(line.find(byte) == std::string_view::npos);
}

void ReadPairs(const std::string& path, PairFormat format) {
  ParallelReader reader({.format = format, .source = path});
  std::string_view source, target;
  while (reader.Next(&source, &target)) {
    DRAGOMAN_CHECK(IsValidUtf8(source) && IsValidUtf8(target));
    DRAGOMAN_CHECK(format == PairFormat::kJsonl || target.find('\t') == std::string_view::npos);
  }
}

}  // namespace

void ReadJson(std::string_view bytes) {
  const JsonDocument document(std::string(bytes), {"f", "advice"});
  WalkJson(document.root());
}

void ReadTomlConfig(std::string_view bytes) {
  static const ConfigCommand command;
  command.Read(std::string(bytes));
}

void ReadYaml(std::string_view bytes) {
  const std::string json = JsonOfYaml(std::string(bytes), "f");
  WithoutError([&] { WalkJson(JsonDocument(json, {"f", "advice"}).root()); });
}

void ReadText(std::string_view bytes) {
  const MemoryPath file(bytes);
  LineReader(file.path()).CountLines();
  LineReader reader(file.path());
  int64_t lines = 0;
  for (std::string_view line; reader.Next(&line);) {
    CheckLine(line);
    DRAGOMAN_CHECK(reader.line_number() == ++lines);
  }
  const bool is_jsonl = bytes.starts_with('{');
  ReadPairs(file.path(), is_jsonl ? PairFormat::kJsonl : PairFormat::kTsv);
}

}  // namespace dragoman
