// SPDX-License-Identifier: Apache-2.0
// `train --advise`: a config file that suits the data and the machine.
#ifndef DRAGOMAN_CLI_ADVISE_H_
#define DRAGOMAN_CLI_ADVISE_H_

#include <CLI/CLI.hpp>

#include "train/options.h"

namespace dragoman {

// Prints it for the training data of `given`. Of its other options the files, the seed, threads and max_minutes count;
// others that `command` was given are an OptionError, since advice is what would decide them.
void PrintAdvice(const CLI::App& command, const TrainOptions& given);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_ADVISE_H_
