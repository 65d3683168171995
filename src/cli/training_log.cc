// SPDX-License-Identifier: Apache-2.0
#include "cli/training_log.h"

#include <limits>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "cli/toml_file.h"
#include "train/run_files.h"

namespace dragoman {
namespace {

constexpr int64_t kMaxLogBytes = int64_t{1} << 30;  // millions of records
constexpr char kAdvice[] = "remove the line, or take the log from a backup";

// Adds the number at `key`, unless there is none.
void AddPoint(const JsonObject& record, const std::string& key, std::vector<LogPoint>* points) {
  const JsonValue* value = record.Find(key);
  if (value == nullptr || value->kind() == JsonKind::kNull) return;
  const JsonValue seconds = record.At("seconds");
  LogPoint point{.minutes = seconds.Number("key \"seconds\"") / 60,
                 .step = record.At("step").Integer("key \"step\"", 0, std::numeric_limits<int64_t>::max()),
                 .value = value->Number("key \"" + key + "\"")};
  if (point.minutes < 0) seconds.FailExpecting("key \"seconds\"", "a number of 0 or more");
  points->push_back(point);
}

void AddRecord(std::string line, const JsonOrigin& origin, ValidationScore score, TrainingLog* log) {
  const JsonDocument document(std::move(line), origin);
  const JsonObject record = document.root().Object("a record");
  const std::string event = record.At("event").String("key \"event\"");
  if (event == "train") AddPoint(record, "nll", &log->training);
  if (event != "valid") return;
  AddPoint(record, "nll", &log->validation);
  AddPoint(record, std::string(EnumName(score)), &log->scores);
}

}  // namespace

const EnumNames<ValidationScore>& NamesOf(ValidationScore) {
  static const EnumNames<ValidationScore> kNames = {{"bleu", ValidationScore::kBleu},
                                                    {"chrf", ValidationScore::kChrf},
                                                    {"rougeL", ValidationScore::kRougeL},
                                                    {"exact", ValidationScore::kExactMatch}};
  return kNames;
}

TrainingLog ReadTrainingLog(FileSystem& files, const std::string& run, ValidationScore score) {
  const std::string path = JoinPath(run, kRunLogFile);
  if (!files.Exists(path)) {
    throw FileError(path, "is not there, expected the log of a training; give a run's directory (train's `output`)");
  }
  const std::string text = ReadFile(files, path, kMaxLogBytes);
  TrainingLog log;
  JsonOrigin origin{.path = path, .advice = kAdvice, .line = 1};
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1, ++origin.line) {
    AddRecord(text.substr(begin, end - begin), origin, score, &log);
  }
  return log;
}

ValidationScore ScoreOfRun(FileSystem& files, const std::string& run) {
  const std::string path = JoinPath(run, kRunConfigFile);
  if (!files.Exists(path)) return ValidationScore::kBleu;
  const toml::table config = ParseToml(ReadFile(files, path, kMaxTomlBytes), path);
  const auto score = ParseEnum<ValidationScore>(config["metric"].value_or(std::string()));
  return score.value_or(ValidationScore::kBleu);
}

}  // namespace dragoman
