// SPDX-License-Identifier: Apache-2.0
// What a run's train.jsonl says of how its training went.
#ifndef DRAGOMAN_CLI_TRAINING_LOG_H_
#define DRAGOMAN_CLI_TRAINING_LOG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "base/file_system.h"

namespace dragoman {

// A score of validation, by the name that --metric and the records have for it.
enum class ValidationScore { kBleu, kChrf, kRougeL, kExactMatch };
const EnumNames<ValidationScore>& NamesOf(ValidationScore);

// A number, and when it was measured.
struct LogPoint {
  double minutes = 0;  // of training
  int64_t step = 0;
  double value = 0;
};

struct TrainingLog {
  std::vector<LogPoint> training;    // nll, mean per target token, of the steps since the point before
  std::vector<LogPoint> validation;  // nll, mean per target token
  std::vector<LogPoint> scores;      // 0…100, of validation
};

// Reads RUN/train.jsonl, of which a last line without an end is left out: it is still being written. So is what has no
// number, such as the loss of steps that were all skipped, or a score in the records of an older version. Throws
// FileError for a log that is not there, FormatError with file and line for a line that is no record.
TrainingLog ReadTrainingLog(FileSystem& files, const std::string& run, ValidationScore score);

// The score that decided which of the run's models is best, by RUN/config.toml; BLEU where that is the loss or not
// known. Throws OptionError for a config.toml that cannot be read.
ValidationScore ScoreOfRun(FileSystem& files, const std::string& run);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_TRAINING_LOG_H_
