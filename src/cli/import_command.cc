// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/counted.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "cli/commands.h"
#include "cli/flag_text.h"
#include "cli/option_flags.h"
#include "cli/stdout.h"
#include "format/packed_model.h"
#include "interop/import.h"
#include "interop/int8_weights.h"
#include "model/transformer_layers.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    R"(Makes an ordinary model of one that another program trained: it translates, scores, is tuned (train --init-from) and
quantized like any other. A setting that is not understood is an error: nothing is guessed. What comes in int8 (Firefox,
Argos) keeps its integers, and becomes a model like those of dragoman quantize: for translate and score alone, unless
--dequantize is given.
Examples:
  dragoman import opus-mt-en-de --output ende
  dragoman translate --model ende < test.en
  dragoman import nllb-200-distilled-600M --output nllb
  dragoman translate --model nllb --src-lang eng_Latn --tgt-lang deu_Latn < test.en)";

struct ImportFlags {
  std::string source, output;
  ImportOptions options;
  std::string name, licence, origin;
  bool dequantize = false;
};

// Writes the model, and says what it has written.
void Write(FileSystem& files, const ImportFlags& flags, const std::vector<CheckpointFile>& model,
           const ForeignModel& foreign, const std::vector<std::string>& notes) {
  CheckpointContents contents;
  contents.files = model;
  if (!foreign.decode_options.empty()) contents.files.push_back(DecodeOptionsFile(foreign.decode_options));
  if (!foreign.shortlist.empty()) contents.files.push_back(FileOfBytes(kShortlistFile, foreign.shortlist));
  WriteModel(files, contents, flags.output);
  std::cout << fmt::format("{}: {}, {} parameters\n", flags.output, foreign.family,
                           Grouped(PlanOf(foreign.config).count()));
  for (const std::string& note : notes) std::cout << WithFlags(note) << '\n';
  if (!foreign.decode_options.empty()) {
    std::cout << fmt::format("it searches as its makers do, unless told otherwise: {}\n",
                             JoinPath(flags.output, kDecodeOptionsFile));
  }
  if (!foreign.shortlist.empty()) {
    std::cout << fmt::format("its shortlist is there, too: translate --shortlist {}\n",
                             JoinPath(flags.output, kShortlistFile));
  }
  FlushStdout();
}

void WriteInt8(FileSystem& files, const ImportFlags& flags, const ForeignModel& foreign) {
  Int8Weights weights(foreign);
  const std::vector<CheckpointFile> model = PackedModelFiles(foreign.config, weights, foreign.vocabs, &foreign.about);
  std::vector<std::string> notes = foreign.notes;
  std::ranges::copy(weights.Notes(), std::back_inserter(notes));
  Write(files, flags, model, foreign, notes);
}

void Import(const ImportFlags& flags) {
  if (flags.output == kStdoutPath) throw OptionError("--output is -, expected a directory for the model");
  FileSystem& files = RealFileSystem();
  RefuseOverwriting("--output", flags.output, {{"the model to import", flags.source}});
  RequireReplaceable(files, flags.output);
  ForeignModel foreign = OpenForeign(files, flags.source, flags.options);
  if (!flags.name.empty()) foreign.about.name = flags.name;
  if (!flags.licence.empty()) foreign.about.licence = flags.licence;
  if (!flags.origin.empty()) foreign.about.origin = flags.origin;
  if (!flags.dequantize && ComesInInt8(foreign)) return WriteInt8(files, flags, foreign);
  const std::unique_ptr<Transformer> model = ReadForeign(foreign);
  Write(files, flags, ModelFiles(*model, model->parameters().values(), foreign.vocabs, &foreign.about), foreign,
        foreign.notes);
}

}  // namespace

void AddImportCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("import", "Make a model of one that another program trained");
  command->footer(kExamples);
  auto flags = std::make_shared<ImportFlags>();
  command
      ->add_option("source", flags->source,
                   "the model: a directory as transformers, CTranslate2 or Marian leave it, or a file of Marian's "
                   "(.npz, .bin, decoder.yml), or an .argosmodel")
      ->required()
      ->type_name("PATH");
  command->add_option("--output", flags->output, "directory for the model: a new one, or an older such model's")
      ->required()
      ->type_name("DIR");
  command
      ->add_option_function<std::string>(
          "--from", [flags](const std::string& text) { ParseValue("--from", text, &flags->options.from.emplace()); },
          "whose model it is, where that is not to be found out: " + EnumChoices<ModelSource>())
      ->type_name(TypeName<ModelSource>());
  const FlagRegistrar flag{command};
  flag("src_vocab", flags->options.vocabularies.src,
       "vocabulary of a Marian model's source, where its directory does not say");
  flag("tgt_vocab", flags->options.vocabularies.tgt, "likewise of its target");
  flag("spm", flags->options.ctranslate2.spm,
       "SentencePiece model that cuts text for a CTranslate2 model; none: that beside it, else text comes cut");
  flag("source_eos", flags->options.ctranslate2.source_eos,
       "</s> ends the sources of a CTranslate2 model though its config.json does not say so");
  flag("dequantize", flags->dequantize,
       "make f32 of weights in int8: a model that can be trained on, four times as large");
  flag("name", flags->name, "what the model is called, kept in its about.json; so are the next two");
  flag("licence", flags->licence, "its licence, such as CC-BY-4.0");
  flag("origin", flags->origin, "who made it, or a link to where it is from");
  command->callback([flags] { Import(*flags); });
}

}  // namespace dragoman
