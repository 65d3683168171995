// SPDX-License-Identifier: Apache-2.0
#include "train/jsonl_log.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"

namespace dragoman {
namespace {

// How every record of ours begins, as the reporter writes it.
constexpr std::string_view kRecordBegin = "{\"event\":";

// The step of a record, or -1 if the line is none.
int64_t StepOf(std::string_view line) {
  const nlohmann::json record = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!record.is_object() || !record.contains("event")) return -1;
  const auto step = record.find("step");
  return step != record.end() && step->is_number_unsigned() ? step->get<int64_t>() : -1;
}

// Whether a text without a whole line may be the first record of a log, cut short by a crash.
bool IsTornRecord(std::string_view text) {
  const size_t common = std::min(text.size(), kRecordBegin.size());
  return text.substr(0, common) == kRecordBegin.substr(0, common);
}

// The lines of a log that stay when a run goes on from resumed_step: none from the beginning.
std::string KeptLines(const std::string& path, const std::string& text, int64_t resumed_step) {
  std::string kept;
  bool has_record = false;
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    const int64_t step = StepOf(line);
    has_record = has_record || step >= 0;
    if (step >= 0 && step <= resumed_step && resumed_step > 0) kept.append(line).push_back('\n');
  }
  if (!has_record && (begin > 0 || !IsTornRecord(text))) {
    throw FileError(path,
                    "has no line that is a JSON object with an event and a step, expected the log of a training; "
                    "move it away or choose another --output");
  }
  return kept;
}

}  // namespace

JsonlLog::JsonlLog(FileSystem& files, const std::string& path, int64_t resumed_step) {
  if (files.Exists(path)) {
    const std::string text = ReadFile(files, path);
    const std::string kept = KeptLines(path, text, resumed_step);
    if (kept.size() != text.size()) WriteFileAtomically(files, path, kept);
  }
  file_ = files.OpenAppend(path);
}

void JsonlLog::Write(const std::string& object) {
  const std::string line = (line_is_torn_ ? "\n" : "") + object + "\n";
  line_is_torn_ = true;
  file_->Append(line);
  line_is_torn_ = false;
}

void JsonlLog::Sync() { file_->Sync(); }

}  // namespace dragoman
