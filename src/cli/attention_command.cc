// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>
#include <string>

#include "base/file_system.h"
#include "cli/attention_picture.h"
#include "cli/commands.h"
#include "cli/decode_flags.h"
#include "decode/attention_map.h"
#include "kernels/gemm.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    "Translates the sentence and shows, for each piece of the translation, which source pieces it attended to.\n"
    "Examples:\n"
    "  dragoman attention --model RUN \"I love you\"\n"
    "  dragoman attention --model RUN --svg out.svg --layer 1 --head 0 \"I love you\"\n"
    "  dragoman attention --model RUN --target \"我爱你\" \"I love you\"";

struct AttentionFlags {
  std::string model, sentence, target, svg;
  int layer = -1;
  int head = -1;
};

// SentencePiece marks a word's begin with ▁; a plain low line is easier on terminals' fonts.
void SimplifyPieces(std::vector<std::string>* pieces) {
  const std::string mark = "▁";
  for (std::string& piece : *pieces) {
    for (size_t at = piece.find(mark); at != std::string::npos; at = piece.find(mark)) piece.replace(at, mark.size(), "_");
  }
}

void Show(const AttentionFlags& flags) {
  kernels::UseOneGemmThread();
  const TranslationModel model = LoadTranslationModel(RealFileSystem(), flags.model);
  const AttentionMap map = MapAttention(model, flags.sentence, flags.target);
  const auto name = [](const char* what, int index) {
    return index < 0 ? "all " + std::string(what) + "s" : std::string(what) + " " + std::to_string(index);
  };
  AttentionPicture picture{map.source, map.target, map.Weights(flags.layer, flags.head),
                           "Cross-attention, " + name("layer", flags.layer) + ", " + name("head", flags.head)};
  SimplifyPieces(&picture.source);
  SimplifyPieces(&picture.target);
  std::cout << DrawText(picture);
  if (!flags.svg.empty()) WriteFileAtomically(RealFileSystem(), flags.svg, DrawSvg(picture));
}

}  // namespace

void AddAttentionCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("attention", "Show where the model looks while it translates a sentence");
  command->footer(kExamples);
  auto flags = std::make_shared<AttentionFlags>();
  AddModelFlag(*command, &flags->model);
  command->add_option("sentence", flags->sentence, "the source sentence")->required();
  command->add_option("--target", flags->target, "look at this translation instead of the model's own");
  command->add_option("--svg", flags->svg, "also write the picture to this file")->type_name("FILE");
  command->add_option("--layer", flags->layer, "decoder layer from 0; -1: mean of all")->capture_default_str();
  command->add_option("--head", flags->head, "head from 0; -1: mean of all")->capture_default_str();
  command->callback([flags] { Show(*flags); });
}

}  // namespace dragoman
