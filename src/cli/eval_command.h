// SPDX-License-Identifier: Apache-2.0
// `dragoman eval`: compares hypotheses with references, line by line, and prints the scores of metrics/.
#ifndef DRAGOMAN_CLI_EVAL_COMMAND_H_
#define DRAGOMAN_CLI_EVAL_COMMAND_H_

#include <iosfwd>

#include "cli/eval_options.h"

namespace CLI {
class App;
}

namespace dragoman {

void AddEvalCommand(CLI::App& app);

// What the command does once its options are read. Memory does not grow with the files, unless intervals or tests are
// asked for: then by some ten numbers a line, metric and system.
// Throws OptionError for options that make no sense, FileError for a file that cannot be read or has another number
// of lines.
void RunEval(const EvalOptions& options, std::ostream& out);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_EVAL_COMMAND_H_
