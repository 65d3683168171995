// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "base/counted.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "cli/commands.h"
#include "cli/option_flags.h"
#include "cli/stdout.h"
#include "interop/import.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    R"(Makes an ordinary model of one that another program trained: it translates, scores, is tuned (train --init-from) and
quantized like any other. A setting that is not understood is an error: nothing is guessed.
Examples:
  dragoman import opus-mt-en-de --output ende
  dragoman translate --model ende < test.en
  dragoman import nllb-200-distilled-600M --output nllb
  dragoman translate --model nllb --src-lang eng_Latn --tgt-lang deu_Latn < test.en)";

struct ImportFlags {
  std::string source, output;
  ImportOptions options;
  std::string name, licence, origin;
};

void Import(const ImportFlags& flags) {
  if (flags.output == kStdoutPath) throw OptionError("--output is -, expected a directory for the model");
  FileSystem& files = RealFileSystem();
  RefuseOverwriting("--output", flags.output, {{"the model to import", flags.source}});
  RequireReplaceable(files, flags.output);
  ForeignModel foreign = OpenForeign(files, flags.source, flags.options);
  const std::unique_ptr<Transformer> model = ReadForeign(foreign);
  if (!flags.name.empty()) foreign.about.name = flags.name;
  if (!flags.licence.empty()) foreign.about.licence = flags.licence;
  if (!flags.origin.empty()) foreign.about.origin = flags.origin;
  CheckpointContents contents;
  contents.files = ModelFiles(*model, model->parameters().values(), foreign.vocabs, &foreign.about);
  if (!foreign.decode_options.empty()) contents.files.push_back(DecodeOptionsFile(foreign.decode_options));
  if (!foreign.shortlist.empty()) contents.files.push_back(FileOfBytes(kShortlistFile, foreign.shortlist));
  WriteModel(files, contents, flags.output);
  std::cout << fmt::format("{}: {}, {} parameters\n", flags.output, foreign.family,
                           Grouped(model->parameters().count()));
  for (const std::string& note : foreign.notes) std::cout << note << '\n';
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
  flag("name", flags->name, "what the model is called, kept in its about.json; so are the next two");
  flag("licence", flags->licence, "its licence, such as CC-BY-4.0");
  flag("origin", flags->origin, "who made it, or a link to where it is from");
  command->callback([flags] { Import(*flags); });
}

}  // namespace dragoman
