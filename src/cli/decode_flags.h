// SPDX-License-Identifier: Apache-2.0
// Flags that several commands share.
#ifndef DRAGOMAN_CLI_DECODE_FLAGS_H_
#define DRAGOMAN_CLI_DECODE_FLAGS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "decode/options.h"
#include "decode/translation_model.h"

namespace dragoman {

// --beam-size, --length-penalty, ... into *options, which must outlive the app.
void AddDecodeFlags(CLI::App& command, DecodeOptions* options);

// --threads; 0, the default, is one per core.
void AddThreadsFlag(CLI::App& command, int* threads);
int ThreadsOrCores(int threads);

// --model, and opening it. Throws FileError, FormatError.
void AddModelFlag(CLI::App& command, std::string* model);
TranslationModel OpenModel(const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_DECODE_FLAGS_H_
