// SPDX-License-Identifier: Apache-2.0
#include "cli/vocab_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>

#include "base/error.h"
#include "base/file_system.h"
#include "cli/option_flags.h"
#include "data/vocab_files.h"
#include "text/vocabulary.h"

namespace dragoman {
namespace {

constexpr char kExamples[] = R"(Examples:
  dragoman vocab --input train.en train.de --size 8000 --output V.model
      one joint vocabulary for both languages: for train --vocab, with all embeddings tied
  dragoman vocab --input train.en.gz --size 8000 --output en.model
  dragoman vocab --input train.zh.gz --size 8000 --output zh.model
      one each: for train --src-vocab and --tgt-vocab
  dragoman vocab --input stories questions --size 4000 --symbols '<sep>' '<ask>' --output V.model
      pieces of your own, never split or merged with the text around them
  dragoman vocab --input big.gz --size 32000 --max-sentences 2000000 --byte-fallback --output V.model
      trained on a sample; characters it never saw become bytes instead of <unk>
The model is SentencePiece's and opens in its other tools. The same text and options give the same file.)";

bool IsSameFile(const std::string& a, const std::string& b) {
  std::error_code ignored;  // what is not there is not the same
  return std::filesystem::is_regular_file(b, ignored) && std::filesystem::equivalent(a, b, ignored);
}

// Errors that would otherwise come after minutes of training.
void CheckOutput(const VocabCommandOptions& options) {
  if (options.output.empty()) {
    throw OptionError("--output: missing; expected a file name for the vocabulary; add one, such as --output V.model");
  }
  FileSystem& files = RealFileSystem();
  if (!files.Exists(ParentDirectory(options.output))) {
    throw FileError(options.output,
                    "its directory does not exist; expected one that does; create it or choose another");
  }
  if (files.Exists(JoinPath(options.output, "."))) {
    throw FileError(options.output, "this is a directory; expected a file name for the vocabulary; choose another");
  }
  for (const std::string& input : options.inputs) {
    if (!IsSameFile(input == kStdinPath ? "/dev/stdin" : input, options.output)) continue;
    throw OptionError(fmt::format("--output {} is also an --input; expected a new file, not the text; choose another",
                                  options.output));
  }
  ProbeWriteAtomically(files, options.output);
}

}  // namespace

void RunVocab(const VocabCommandOptions& options, std::ostream& log) {
  options.vocab.Validate();
  CheckOutput(options);
  VocabReport report;
  const std::string model = TrainVocabulary(options.vocab, options.inputs, &report);
  const Vocabulary vocabulary = Vocabulary::FromBytes(model, options.output);  // what every later command will do
  WriteFileAtomically(RealFileSystem(), options.output, model);
  if (options.quiet) return;
  log << fmt::format("{}: {} pieces ({}), trained on {} of {} sentences in {} lines\n", options.output,
                     vocabulary.size(), EnumName(options.vocab.type), report.used, report.sentences, report.lines);
  if (report.notes.crlf_lines > 0) log << report.notes.crlf_lines << " lines ended in CR LF; the CR was dropped\n";
  if (report.notes.bom_files > 0)
    log << report.notes.bom_files << " files began with a byte order mark; it was dropped\n";
}

void AddVocabCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("vocab", "Train a vocabulary (SentencePiece) from raw text");
  const auto options = std::make_shared<VocabCommandOptions>();
  VocabOptions& vocab = options->vocab;
  const FlagRegistrar add{command};
  command
      ->add_option("--input", options->inputs,
                   "Text files, plain or gzip, one sentence a line; several make one joint vocabulary; - is stdin")
      ->required()
      ->type_name("FILE");
  command->add_option("--output", options->output, "Where the vocabulary goes")->required()->type_name("FILE");
  add("size", vocab.size, "Pieces, <unk>, <s> and </s> included");
  add("type", vocab.type, "How pieces are found");
  add("byte_fallback", vocab.byte_fallback, "Characters without a piece become their UTF-8 bytes (256 more pieces)");
  command->add_option("--symbols", vocab.symbols, "Pieces of your own, never split")->type_name("TEXT");
  add("normalization", vocab.normalization, "What is done to text first; none keeps what it looks like");
  add("character_coverage", vocab.character_coverage,
      "Share of the text whose characters all get a piece; 0.9995 suits a large corpus of Chinese or Japanese");
  add("max_sentences", vocab.max_sentences, "Train on a random sample of so many sentences; 0 is all");
  add("max_megabytes", vocab.max_megabytes, "Train on a random sample of so much text; 0 is all");
  add("threads", vocab.threads,
      "Threads; another number may round differently, the default gives the same file anywhere");
  add("quiet", options->quiet, "Say nothing unless something is wrong");
  command->footer(kExamples);
  command->callback([options] { RunVocab(*options, std::cerr); });
}

}  // namespace dragoman
