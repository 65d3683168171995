// SPDX-License-Identifier: Apache-2.0
#include "data/parallel_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/counted.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/json.h"
#include "text/blank.h"

namespace dragoman {
namespace {

// The value at `key`, or at the path it spells with dots; nothing when there is none.
std::optional<JsonValue> Find(const JsonObject& object, const std::string& key) {
  if (const JsonValue* value = object.Find(key)) return *value;
  for (size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 1)) {
    const JsonValue* outer = object.Find(std::string_view(key).substr(0, dot));
    if (outer == nullptr || outer->kind() != JsonKind::kObject) continue;
    std::optional<JsonValue> inner = Find(outer->Object(key), key.substr(dot + 1));
    if (inner) return inner;
  }
  return std::nullopt;
}

}  // namespace

std::string ParallelInput::SourceName() const { return InputName(source); }
std::string ParallelInput::TargetName() const {
  return format == PairFormat::kTwoFiles ? InputName(target) : SourceName();
}

ParallelReader::ParallelReader(const ParallelInput& input, const std::function<void()>& check)
    : input_(input), source_(input.source, check) {
  if (input_.format != PairFormat::kTwoFiles) return;
  if (input_.source == kStdinPath && input_.target == kStdinPath) {
    throw OptionError(
        "source and target are both \"-\"; expected at most one of them from stdin; give a file for the other, or "
        "pairs as TSV");
  }
  target_ = std::make_unique<LineReader>(input_.target, check);
}

ParallelReader::~ParallelReader() = default;

LineNotes ParallelReader::notes() const {
  LineNotes notes = source_.notes();
  if (target_) notes += target_->notes();
  return notes;
}

bool ParallelReader::Next(std::string_view* source, std::string_view* target) {
  if (input_.format == PairFormat::kTwoFiles) return NextOfTwo(source, target);
  std::string_view line;
  if (!source_.Next(&line)) return false;
  *source = *target = {};
  if (IsBlank(line)) return true;
  if (input_.format == PairFormat::kLines) {
    *source = line;
  } else if (input_.format == PairFormat::kTsv) {
    SplitColumns(line, source, target);
  } else {
    ParseObject(line);
    *source = source_value_;
    *target = target_value_;
  }
  return true;
}

bool ParallelReader::NextOfTwo(std::string_view* source, std::string_view* target) {
  const bool has_source = source_.Next(source);
  const bool has_target = target_->Next(target);
  if (has_source && !has_target) FailUnequal(target_.get(), &source_);
  if (has_target && !has_source) FailUnequal(&source_, target_.get());
  return has_source;
}

void ParallelReader::FailUnequal(LineReader* shorter, LineReader* longer) const {
  const int64_t lines = shorter->line_number();
  const std::string rest = fmt::format(
      ", but {} has {}; expected as many in both, line n of one translating line n of the other; check where they "
      "stop matching",
      longer->name(), longer->CountLines());
  if (lines == 0) throw FileError(shorter->name(), "the file is empty" + rest);
  throw FileError(shorter->name(), lines, fmt::format("the file ends here, after {}", Counted(lines, "line")) + rest);
}

void ParallelReader::SplitColumns(std::string_view line, std::string_view* source, std::string_view* target) const {
  const auto tabs = std::count(line.begin(), line.end(), '\t');
  if (tabs != 1) {
    throw FileError(source_.name(), source_.line_number(),
                    Counted(tabs + 1, "column") +
                        "; expected two, source TAB target; choose the two you mean, for example: cut -f1,2");
  }
  const size_t tab = line.find('\t');
  *source = line.substr(0, tab);
  *target = line.substr(tab + 1);
}

void ParallelReader::ParseObject(std::string_view line) {
  const std::string advice = "expected an object with the strings \"" + input_.source_key + "\" and \"" +
                             input_.target_key + "\"; mend the line, or name other keys";
  const JsonDocument document(std::string(line), {source_.name(), advice, source_.line_number()});
  const JsonObject object = document.root().Object("this");
  const auto take = [&](const std::string& key) {
    const std::optional<JsonValue> found = Find(object, key);
    if (!found) document.root().Fail("no key \"" + key + "\"");
    std::string value = found->String("the value of \"" + key + "\"");
    if (value.find('\0') != std::string::npos) found->Fail("the value of \"" + key + "\" holds a NUL character");
    return value;
  };
  source_value_ = take(input_.source_key);
  target_value_ = take(input_.target_key);
}

}  // namespace dragoman
