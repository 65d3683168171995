// SPDX-License-Identifier: Apache-2.0
// `dragoman vocab`: trains a SentencePiece vocabulary from raw text.
#ifndef DRAGOMAN_CLI_VOCAB_COMMAND_H_
#define DRAGOMAN_CLI_VOCAB_COMMAND_H_

#include <iosfwd>
#include <string>
#include <vector>

#include "text/vocab_trainer.h"

namespace CLI {
class App;
}

namespace dragoman {

struct VocabCommandOptions {
  std::vector<std::string> inputs;  // files, plain or gzip, one sentence a line; "-" is stdin
  std::string output;
  VocabOptions vocab;
};

void AddVocabCommand(CLI::App& app);

// What the command does once its options are read: trains, writes options.output in one step (old or new, never half),
// and tells on `log` what it did. Throws OptionError and FileError; then options.output is as it was.
void RunVocab(const VocabCommandOptions& options, std::ostream& log);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_VOCAB_COMMAND_H_
