// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/counted.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "base/stderr.h"
#include "cli/attention_picture.h"
#include "cli/commands.h"
#include "cli/decode_flags.h"
#include "cli/option_flags.h"
#include "cli/stdout.h"
#include "data/line_reader.h"
#include "decode/attention_map.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    R"(Translates the sentence as `dragoman translate` does, and shows, for each piece of the translation, which source
pieces it attended to.
Examples:
  dragoman attention --model RUN "I love you"
  dragoman attention --model RUN --svg out.svg --layer 1 --head 0 "I love you"
  dragoman attention --model RUN --target "我爱你" "I love you"
  echo "I love you" | dragoman attention --model RUN -)";

struct AttentionFlags {
  ModelFlags model;
  std::string target, svg;
  std::vector<std::string> words;  // of the sentence, as the shell may have split it
  int layer = -1;
  int head = -1;
  DecodeOptions decode;
};

void CheckIndex(const char* flag, int index) {
  if (index >= -1) return;
  throw OptionError(fmt::format("{} is {}, expected a number from 0, or -1 for the mean of all", flag, index));
}

size_t TerminalWidth() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 120;
}

// What happened to the texts on the way, for the user to know.
void Report(const AttentionMap& map, const TransformerConfig& config) {
  const auto cut = [](const char* side, int limit) {
    std::cerr << fmt::format("dragoman: the {} is longer than the model's {} tokens; its left part is shown\n", side,
                             limit);
  };
  if (map.source_truncated) cut("sentence", config.max_src_len);
  if (map.target_truncated) cut("target", config.max_tgt_len);
  if (map.translation_cut) std::cerr << "dragoman: the translation was cut at the length limit\n";
  if (map.unknown > 0) {
    std::cerr << fmt::format("dragoman: the vocabulary lacks {}, shown as <unk>\n", Counted(map.unknown, "character"));
  }
  if (map.repaired) std::cerr << "dragoman: invalid UTF-8 or NUL bytes are shown as U+FFFD or a space\n";
}

// The sentence of the command line, or the first line of stdin for "-".
std::string SentenceOf(const std::vector<std::string>& words) {
  if (words != std::vector<std::string>{kStdinPath}) return fmt::format("{}", fmt::join(words, " "));
  GreetTerminal("a sentence");
  LineReader reader(kStdinPath);
  std::string_view line;
  if (!reader.Next(&line)) throw FileError("stdin", "is empty, expected a line: the sentence");
  return std::string(line);
}

void Show(const AttentionFlags& flags) {
  CheckIndex("--layer", flags.layer);
  CheckIndex("--head", flags.head);
  flags.decode.Validate();
  const std::string sentence = SentenceOf(flags.words);
  const bool svg_to_stdout = flags.svg == kStdoutPath;
  for (const std::string& output : {std::string(kStdoutPath), flags.svg}) {
    if (!output.empty()) RefuseOverwriting("--svg", output, ModelInputs("--model", flags.model.path));
  }
  TranslationModel model = OpenModel(flags.model);
  model.vocabs = InLanguages(model.vocabs, flags.model.languages);
  const AttentionMap map = MapAttention(model, sentence, flags.target, flags.decode);
  const auto name = [](const char* what, int index) {
    return index < 0 ? "mean of all " + std::string(what) + "s" : std::string(what) + " " + std::to_string(index);
  };
  const AttentionPicture picture{map.source, map.target, map.Weights(flags.layer, flags.head),
                                 "Cross-attention, " + name("layer", flags.layer) + ", " + name("head", flags.head)};
  Report(map, model.model->config());
  if (!flags.svg.empty() && !svg_to_stdout) WriteFileAtomically(RealFileSystem(), flags.svg, DrawSvg(picture));
  std::cout << (svg_to_stdout ? DrawSvg(picture) : DrawText(picture, TerminalWidth()));
  FlushStdout();
}

}  // namespace

void AddAttentionCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("attention", "Show where the model looks while it translates a sentence");
  command->footer(kExamples);
  auto flags = std::make_shared<AttentionFlags>();
  AddModelFlags(*command, &flags->model);
  AddLanguageFlags(*command, &flags->model.languages);
  command->add_option("sentence", flags->words, "the source sentence; -: a line of stdin")
      ->required()
      ->type_name(kTextType);
  const FlagRegistrar flag{command};
  flag("target", flags->target, "look at this translation instead of the model's own");
  command->add_option("--svg", flags->svg, "also write the picture to this file; -: to stdout, instead of text")
      ->type_name("FILE");
  flag("layer", flags->layer, "decoder layer from 0; -1: mean of all");
  flag("head", flags->head, "head from 0; -1: mean of all");
  AddDecodeFlags(*command, &flags->decode);
  command->callback([flags] { Show(*flags); });
}

}  // namespace dragoman
