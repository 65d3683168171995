// SPDX-License-Identifier: Apache-2.0
#include "train/jsonl_log.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace dragoman {
namespace {

constexpr int64_t kMaxLogBytes = int64_t{1} << 30;  // millions of records

// How every record of ours begins, as the reporter writes it.
constexpr std::string_view kRecordBegin = "{\"event\":";

struct Record {
  int64_t step = -1;  // of a line that is no record
  bool is_partial = false;
};

Record RecordOf(std::string_view line) {
  try {
    const JsonDocument document(std::string(line), {});
    const JsonObject json = document.root().Object("this");
    if (json.Find("event") == nullptr) return {};
    const JsonValue* partial = json.Find("partial");
    return {json.At("step").Integer("step", 0, std::numeric_limits<int64_t>::max()),
            partial != nullptr && partial->Bool("partial")};
  } catch (const FormatError&) {
    return {};
  }
}

// Whether a text without a whole line may be the first record of a log, cut short by a crash.
bool IsTornRecord(std::string_view text) {
  const size_t common = std::min(text.size(), kRecordBegin.size());
  return text.substr(0, common) == kRecordBegin.substr(0, common);
}

// The lines of a log that stay: records that `keeps` takes.
template <class Keeps>
std::string KeptLines(const std::string& path, const std::string& text, Keeps&& keeps) {
  std::string kept;
  bool has_record = false;
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    const Record record = RecordOf(line);
    has_record = has_record || record.step >= 0;
    if (record.step >= 0 && keeps(record)) kept.append(line).push_back('\n');
  }
  if (!has_record && (begin > 0 || !IsTornRecord(text))) {
    throw FileError(path,
                    "has no line that is a JSON object with an event and a step, expected the log of a training; "
                    "move it away or choose another `output`");
  }
  return kept;
}

template <class Keeps>
void KeepLines(FileSystem& files, const std::string& path, Keeps&& keeps) {
  const std::string text = ReadFile(files, path, kMaxLogBytes);
  const std::string kept = KeptLines(path, text, keeps);
  if (kept.size() != text.size()) WriteFileAtomically(files, path, kept);
}

}  // namespace

JsonlLog::JsonlLog(FileSystem& files, const std::string& path, int64_t resumed_step) : files_(files), path_(path) {
  if (files.Exists(path)) {
    KeepLines(files, path, [resumed_step](const Record& record) { return record.step <= resumed_step; });
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

void JsonlLog::DropPartial() {
  KeepLines(files_, path_, [](const Record& record) { return !record.is_partial; });
  file_ = files_.OpenAppend(path_);
}

}  // namespace dragoman
