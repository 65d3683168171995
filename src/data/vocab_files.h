// SPDX-License-Identifier: Apache-2.0
// Trains a vocabulary on files of sentences, one a line, plain or gzip.
#ifndef DRAGOMAN_DATA_VOCAB_FILES_H_
#define DRAGOMAN_DATA_VOCAB_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "data/line_trimmer.h"
#include "text/vocab_trainer.h"

namespace dragoman {

struct VocabReport {
  int64_t lines = 0;
  int64_t sentences = 0;  // lines with text, long ones cut into several
  int64_t used = 0;       // of these, after sampling
  LineNotes notes;
};

// Returns the model's bytes, trained on all files together (a joint vocabulary when they are of two languages). Paths
// may be "-" for stdin, once. Throws FileError for text that is not clean (see LineReader), OptionError for options
// out of range or a size that the text does not yield. `report` may be null.
std::string TrainVocabulary(const VocabOptions& options, const std::vector<std::string>& paths, VocabReport* report);

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_VOCAB_FILES_H_
