// SPDX-License-Identifier: Apache-2.0
#include "data/vocab_files.h"

#include <algorithm>

#include "base/error.h"
#include "base/file_system.h"
#include "data/line_reader.h"

namespace dragoman {

std::string TrainVocabulary(const VocabOptions& options, const std::vector<std::string>& paths, VocabReport* report) {
  if (paths.empty()) throw OptionError("`input`: no files; expected one or more; name them after `input`");
  if (std::count(paths.begin(), paths.end(), kStdinPath) > 1) {
    throw OptionError("`input`: \"-\" twice; expected stdin at most once; remove one");
  }
  VocabTrainer trainer(options);
  VocabReport counts;
  for (const std::string& path : paths) {
    LineReader reader(path);
    std::string_view line;
    while (reader.Next(&line)) trainer.Add(line);
    counts.lines += reader.line_number();
    counts.notes += reader.notes();
  }
  counts.sentences = trainer.seen();
  counts.used = trainer.kept();
  if (report != nullptr) *report = counts;
  return trainer.Train();
}

}  // namespace dragoman
