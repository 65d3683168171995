// SPDX-License-Identifier: Apache-2.0
#include "cli/vocab_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>

#include "base/counted.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "base/stderr.h"
#include "cli/option_flags.h"
#include "cli/stdout.h"
#include "data/vocab_files.h"
#include "text/tokenizer.h"

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

// Errors that would otherwise come after minutes of training.
void CheckOutput(const VocabCommandOptions& options) {
  if (options.output.empty()) {
    throw OptionError("--output: missing; expected a file name for the vocabulary; add one, such as --output V.model");
  }
  const bool to_stdout = options.output == kStdoutPath;
  FileSystem& files = RealFileSystem();
  if (!to_stdout && !files.Exists(ParentDirectory(options.output))) {
    throw FileError(options.output,
                    "its directory does not exist; expected one that does; create it or choose another");
  }
  if (!to_stdout && files.Exists(JoinPath(options.output, "."))) {
    throw FileError(options.output, "this is a directory; expected a file name for the vocabulary; choose another");
  }
  std::vector<InputPath> inputs;
  for (const std::string& input : options.inputs) inputs.push_back({"--input", input});
  RefuseOverwriting("--output", options.output, inputs);
  if (!to_stdout) ProbeWriteAtomically(files, options.output);
}

void WriteOutput(const std::string& output, const std::string& model) {
  if (output != kStdoutPath) return WriteFileAtomically(RealFileSystem(), output, model);
  std::cout << model;
  FlushStdout();
}

}  // namespace

void RunVocab(const VocabCommandOptions& options, std::ostream& log) {
  options.vocab.Validate();
  CheckOutput(options);
  if (std::count(options.inputs.begin(), options.inputs.end(), kStdinPath) > 0) GreetTerminal("a sentence a line");
  VocabReport report;
  const std::string model = TrainVocabulary(options.vocab, options.inputs, &report);
  const std::string name = options.output == kStdoutPath ? "stdout" : options.output;
  const Tokenizer vocabulary = Tokenizer::FromBytes(model, name);  // what every later command will do
  WriteOutput(options.output, model);
  log << fmt::format("{}: {} ({}), trained on {} of {} in {}\n", name, Counted(vocabulary.size(), "piece"),
                     EnumName(options.vocab.type), report.used, Counted(report.sentences, "sentence"),
                     Counted(report.lines, "line"));
  const auto note = [&](int64_t count, const char* noun, const char* what) {
    if (count > 0) log << Counted(count, noun) << what;
  };
  note(report.notes.crlf_lines, "line", " ended in CR LF; the CR was dropped\n");
  note(report.notes.bom_files, "file", " began with a byte order mark; it was dropped\n");
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
  command->add_option("--output", options->output, "Where the vocabulary goes; - is stdout")
      ->required()
      ->type_name("FILE");
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
  command->footer(kExamples);
  command->callback([options] { RunVocab(*options, std::cerr); });
}

}  // namespace dragoman
