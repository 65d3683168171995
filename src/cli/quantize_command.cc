// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "cli/commands.h"
#include "cli/decode_flags.h"
#include "cli/option_flags.h"
#include "cli/stdout.h"
#include "data/parallel_reader.h"
#include "decode/translation_service.h"
#include "format/packed_model.h"
#include "metrics/bleu.h"
#include "metrics/chrf.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    R"(Writes a model for translate and score alone, whose weights are rounded and laid out as products want them: a quarter
of the size in int8, half in bf16 and f16. It starts at once, for the file is used where it lies, and translates as
--precision does with the model itself.
Examples:
  dragoman quantize --model RUN --output small
  dragoman quantize --model RUN --output small --src test.en --tgt test.de    and what rounding costs, on a test set
  dragoman translate --model small < test.en)";

struct QuantizeFlags {
  ModelFlags model;
  WeightFormat to = WeightFormat::kInt8;
  std::string output, src, tgt;
  std::string tokenize = "13a";
  int threads = 0;
};

// How well a model translates a test set.
struct Quality {
  double bleu, chrf;
};

class TestSet {
 public:
  explicit TestSet(const QuantizeFlags& flags) {
    const auto tokenizer = BleuTokenizerFromName(flags.tokenize);
    if (!tokenizer) {
      throw OptionError("--tokenize is \"" + flags.tokenize + "\", expected 13a, zh, char, intl or none");
    }
    bleu_.tokenizer = *tokenizer;
    ParallelReader reader({.format = PairFormat::kTwoFiles, .source = flags.src, .target = flags.tgt});
    std::string_view source, target;
    while (reader.Next(&source, &target)) {
      sources_.emplace_back(source);
      references_.emplace_back(target);
    }
    if (sources_.empty()) throw FileError(flags.src, "no sentence pairs in it, expected some to translate");
  }

  Quality Translate(const InferenceModel& model, const VocabularyPair& vocabs, int threads) const {
    TranslationService service(model, {*vocabs.src, *vocabs.tgt}, threads);
    std::vector<std::string> translations;
    for (const TranslatedLine& line : service.Translate(sources_)) {
      if (!line.error.empty()) throw NumericError(line.error);
      translations.push_back(line.n_best.front().text);
    }
    return {CorpusBleu(translations, references_, bleu_).score, CorpusChrf(translations, references_)};
  }

 private:
  BleuOptions bleu_;
  std::vector<std::string> sources_, references_;
};

void Validate(const QuantizeFlags& flags) {
  if (flags.to == WeightFormat::kF32) throw OptionError("--to is f32, which models are in, expected int8, bf16 or f16");
  if (flags.output == kStdoutPath) throw OptionError("--output is -, expected a directory for the model");
  if (flags.src.empty() != flags.tgt.empty()) {
    throw OptionError("--src and --tgt are the two sides of a test set, expected both or none");
  }
}

void Quantize(const QuantizeFlags& flags) {
  Validate(flags);
  FileSystem& files = RealFileSystem();
  RefuseOverwriting("--output", flags.output, ModelInputs("--model", flags.model.path));
  RequireReplaceable(files, flags.output);
  std::unique_ptr<const TestSet> test;
  if (!flags.src.empty()) test = std::make_unique<TestSet>(flags);
  const std::string directory = ResolveModelDirectory(files, flags.model.path);
  const TranslationModel loaded = OpenModel(flags.model);
  std::optional<ModelAbout> about = ReadAbout(files, directory);
  if (test != nullptr) InLanguages(loaded.vocabs, flags.model.languages);  // or an error, before much is done
  CheckpointContents contents;
  contents.files = PackedModelFiles(*loaded.model, flags.to, loaded.vocabs, about ? &*about : nullptr);
  if (const DecodeDefaults defaults = ReadDecodeDefaults(files, directory); !defaults.json.empty()) {
    contents.files.push_back(DecodeOptionsFile(defaults.json));
  }
  if (const std::string list = JoinPath(directory, kShortlistFile); files.Exists(list)) {
    contents.files.push_back(FileOfBytes(kShortlistFile, Shortlist::Load(files, list, loaded.vocabs)->bytes()));
  }
  WriteModel(files, contents, flags.output);

  const auto size_of = [&](const std::string& model) {
    return static_cast<double>(files.Open(JoinPath(model, "model.safetensors"))->size());
  };
  const double before = size_of(directory), after = size_of(flags.output);
  std::cout << fmt::format("weights: {:.1f} MB, {:.1f} % of {:.1f} MB\n", after / 1e6, 100 * after / before,
                           before / 1e6);
  if (test != nullptr) {
    const int threads = ThreadsOrCores(flags.threads);
    const InferenceBundle packed = LoadInference(files, flags.output, {}, Checks::kAll, flags.model.languages);
    const Quality exact = test->Translate(InferenceModel(*loaded.model), packed.vocabs, threads);
    const Quality rounded = test->Translate(*packed.model, packed.vocabs, threads);
    std::cout << fmt::format("BLEU = {:.2f} ({:+.2f} beside f32's {:.2f})\n", rounded.bleu, rounded.bleu - exact.bleu,
                             exact.bleu);
    std::cout << fmt::format("chrF2 = {:.2f} ({:+.2f} beside f32's {:.2f})\n", rounded.chrf, rounded.chrf - exact.chrf,
                             exact.chrf);
  }
  FlushStdout();
}

}  // namespace

void AddQuantizeCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("quantize", "Round a model's weights, for small files and fast translation");
  command->footer(kExamples);
  auto flags = std::make_shared<QuantizeFlags>();
  AddModelFlags(*command, &flags->model);
  const FlagRegistrar flag{command};
  flag("to", flags->to, "what weights are rounded to");
  command->add_option("--output", flags->output, "directory for the rounded model: a new one, or an older such model's")
      ->required()
      ->type_name("DIR");
  flag("src", flags->src, "sources of a test set, to be told what rounding costs");
  flag("tgt", flags->tgt, "its references");
  flag("tokenize", flags->tokenize, "BLEU's words: 13a, zh, char, intl, none");
  AddLanguageFlags(*command, &flags->model.languages);
  AddThreadsFlag(*command, &flags->threads);
  command->callback([flags] { Quantize(*flags); });
}

}  // namespace dragoman
