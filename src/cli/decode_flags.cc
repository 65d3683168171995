// SPDX-License-Identifier: Apache-2.0
#include "cli/decode_flags.h"

#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/cores.h"
#include "base/error.h"
#include "cli/option_flags.h"
#include "train/run_files.h"

namespace dragoman {

namespace {

// Registers each field visited as a flag, with what it needs beside it.
struct DecodeFlagRegistrar {
  CLI::App& command;
  CLI::Option* needed = nullptr;

  void OnlyWith(const char* key) { needed = command.get_option(FlagName(key)); }

  template <class Value>
  void operator()(const char* key, Value& field, const char* help) const {
    if (std::string_view(key) == "n_best") return;  // `translate` alone has it, and there it may do without its number
    if constexpr (std::is_same_v<Value, LineForm>) {
      AddLineFormFlags(command, &field);
    } else {
      CLI::Option* option = FlagRegistrar{&command}(key, field, help);
      if (needed != nullptr) option->needs(needed);
    }
  }
};

}  // namespace

void AddDecodeFlags(CLI::App& command, DecodeOptions* options) {
  ForEachDecodeOption(*options, DecodeFlagRegistrar{command});
}

std::set<std::string> GivenDecodeOptions(const CLI::App& command) {
  std::set<std::string> given;
  const DecodeOptions options;
  ForEachDecodeOption(options, [&](const std::string& key, const auto&, const char*) {
    const auto said = [&](const std::string& flag) {
      const CLI::Option* const option = command.get_option_no_throw(flag);
      return option != nullptr && option->count() > 0;
    };
    if (key == "n_best") return;
    if (key == "line_form" ? said("--pieces") || said("--ids") : said(FlagName(key))) given.insert(key);
  });
  return given;
}

DecodeOptions WithDefaults(const DecodeOptions& said, const std::set<std::string>& given,
                           const DecodeDefaults& defaults) {
  if (defaults.json.empty()) return said;
  const DecodeOptions of_model = DecodeOptions::FromJson(defaults.json, defaults.path);
  auto options = nlohmann::json::parse(of_model.ToJson());
  const auto flags = nlohmann::json::parse(said.ToJson());
  for (const std::string& key : given) options[key] = flags.at(key);
  return DecodeOptions::FromJson(options.dump(), "options given and " + defaults.path);
}

void AddLineFormFlags(CLI::App& command, LineForm* form) {
  const auto add = [&](const char* flag, LineForm value, const char* what) {
    return command.add_flag_callback(
        flag, [form, value] { *form = value; },
        fmt::format("lines are cut already: {}, with spaces between, without </s> and what else a model wants around "
                    "a sentence, which it gets all the same",
                    what));
  };
  CLI::Option* const pieces = add("--pieces", LineForm::kPieces, "pieces, as dragoman encode prints them");
  add("--ids", LineForm::kIds, "decimal ids of the model's tokens")->excludes(pieces);
}

void AddThreadsFlag(CLI::App& command, int* threads) {
  FlagRegistrar{&command}("threads", *threads, "worker threads; 0: one per core");
}

int ThreadsOrCores(int threads) {
  if (threads < 0 || threads > 1024) {
    throw OptionError(fmt::format("--threads is {}, expected 1 to 1024, or 0 for one per core", threads));
  }
  return threads > 0 ? threads : UsableCores();
}

void AddModelFlags(CLI::App& command, ModelFlags* model) {
  command
      .add_option("--model", model->path,
                  "model directory, or a run's directory (its best checkpoint, or else its last)")
      ->required()
      ->type_name("DIR")
      ->check([](const std::string& path) {
        return std::string(path.empty() ? "is empty, expected a directory; is a variable of your script not set?" : "");
      });
  command.add_flag("--no-verify", model->no_verify,
                   "open the model without comparing checksums or looking for numbers that are not finite: a large one "
                   "starts sooner");
}

void AddLanguageFlags(CLI::App& command, LanguagePair* languages) {
  const FlagRegistrar flag{&command};
  flag("src_lang", languages->src, "language of the source, for a model of several that wants to know");
  flag("tgt_lang", languages->tgt, "language to translate to, likewise");
}

std::vector<InputPath> ModelInputs(const std::string& option, const std::string& path) {
  FileSystem& files = RealFileSystem();
  std::vector<InputPath> inputs;
  const auto add = [&](const std::string& directory, std::span<const char* const> names) {
    for (const char* name : names) inputs.push_back({option, JoinPath(directory, name)});
  };
  add(ResolveModelDirectory(files, path), ModelFileNames());
  add(ResolveModelDirectory(files, path), std::to_array<const char*>({kStateFile, kMomentsFile}));
  add(path, std::to_array<const char*>(
                {kRunConfigFile, kRunLogFile, kCorpusFile, kTensorBoardDirectory, kLastLink, kBestLink, kLockFile}));
  return inputs;
}

void AddPrecisionFlag(CLI::App& command, std::optional<WeightFormat>* precision) {
  const auto read = [precision](const std::string& text) { ParseValue("--precision", text, &precision->emplace()); };
  command
      .add_option_function<std::string>(
          "--precision", read,
          "what matrix products are computed in, int8 the fastest, then bf16 (on processors that have it); if it is "
          "not given, what the model's weights are in: " +
              EnumChoices<WeightFormat>())
      ->type_name(TypeName<WeightFormat>());
}

InferenceBundle OpenInference(const ModelFlags& model, std::optional<WeightFormat> precision) {
  return LoadInference(RealFileSystem(), model.path, precision, model.no_verify ? Checks::kAllButNumbers : Checks::kAll,
                       model.languages);
}

TranslationModel OpenModel(const ModelFlags& model) {
  return LoadTranslationModel(RealFileSystem(), model.path, model.no_verify ? Checks::kAllButNumbers : Checks::kAll);
}

}  // namespace dragoman
