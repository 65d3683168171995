// SPDX-License-Identifier: Apache-2.0
// Flags that several commands share.
#ifndef DRAGOMAN_CLI_DECODE_FLAGS_H_
#define DRAGOMAN_CLI_DECODE_FLAGS_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/overwrite_check.h"
#include "decode/options.h"
#include "format/model_directory.h"
#include "format/packed_model.h"

namespace dragoman {

// --beam-size, --length-penalty, ..., all of ForEachDecodeOption but --n-best, into *options, which must outlive the
// app.
void AddDecodeFlags(CLI::App& command, DecodeOptions* options);

// The keys of those that the command line has said, but for n_best.
std::set<std::string> GivenDecodeOptions(const CLI::App& command);

// What the command line has said, and of the rest the model's (decode_options.json). Throws FormatError, OptionError.
DecodeOptions WithDefaults(const DecodeOptions& said, const std::set<std::string>& given,
                           const DecodeDefaults& defaults);

// --pieces and --ids, one at most, of which AddDecodeFlags makes that field.
void AddLineFormFlags(CLI::App& command, LineForm* form);

// --threads; 0, the default, is one per core.
void AddThreadsFlag(CLI::App& command, int* threads);
int ThreadsOrCores(int threads);

// --model and --no-verify, and opening it. Throws FileError, FormatError.
struct ModelFlags {
  std::string path;
  bool no_verify = false;
  LanguagePair languages;  // of what is translated
};
void AddModelFlags(CLI::App& command, ModelFlags* model);
void AddLanguageFlags(CLI::App& command, LanguagePair* languages);  // --src-lang, --tgt-lang
TranslationModel OpenModel(const ModelFlags& model);

void AddPrecisionFlag(CLI::App& command, std::optional<WeightFormat>* precision);  // --precision; none: as the model is

// Opening it to translate or score.
InferenceBundle OpenInference(const ModelFlags& model, std::optional<WeightFormat> precision);

// The files that a model's directory, or a run's, has or could have, to be kept from being written over. `option` is
// what named it.
std::vector<InputPath> ModelInputs(const std::string& option, const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_DECODE_FLAGS_H_
