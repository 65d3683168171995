// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file_system.h"
#include "cli/commands.h"
#include "cli/decode_flags.h"
#include "data/parallel_reader.h"
#include "decode/scorer.h"
#include "decode/translation_model.h"
#include "kernels/gemm.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    "Prints one line a pair: the natural logarithm of P(target | source), </s> included.\n"
    "Examples:\n"
    "  dragoman score --model RUN --src test.en --tgt test.de\n"
    "  dragoman score --model RUN --src test.en --tgt hyp.de --per-token     mean per token\n"
    "  dragoman score --model RUN --src test.en --tgt hyp.de --format jsonl  every token's, and flags";

struct ScoreFlags {
  std::string model, src, tgt;
  std::string format = "text";
  bool per_token = false;
  int threads = 0;
};

void Print(const ScoreFlags& flags, const PairScore& score, int64_t number) {
  const auto tokens = static_cast<double>(std::max<size_t>(1, score.token_log_probs.size()));
  if (flags.format == "jsonl") {
    const nlohmann::ordered_json json = {{"line", number},
                                         {"log_prob", score.log_prob},
                                         {"tokens", score.token_log_probs.size()},
                                         {"token_log_probs", score.token_log_probs},
                                         {"truncated", score.truncated}};
    std::cout << json.dump() << '\n';
  } else {
    std::cout << fmt::format("{:.6f}\n", flags.per_token ? score.log_prob / tokens : score.log_prob);
  }
}

void Score(const ScoreFlags& flags) {
  if (flags.format != "text" && flags.format != "jsonl") {
    throw OptionError(fmt::format("--format is \"{}\", expected text or jsonl", flags.format));
  }
  WorkerPool pool(ThreadsOrCores(flags.threads), kernels::UseOneGemmThread);
  const TranslationModel loaded = LoadTranslationModel(RealFileSystem(), flags.model);
  Scorer scorer(*loaded.model, *loaded.vocabs.src, *loaded.vocabs.tgt, pool);
  ParallelReader reader({.format = PairFormat::kTwoFiles, .source = flags.src, .target = flags.tgt});
  constexpr size_t kChunk = 4096;
  int64_t number = 0, truncated = 0;
  for (bool more = true; more;) {
    std::vector<std::string> sources, targets;
    std::string_view source, target;
    while (sources.size() < kChunk && (more = reader.Next(&source, &target))) {
      sources.emplace_back(source);
      targets.emplace_back(target);
    }
    for (const PairScore& score : scorer.Score(sources, targets)) {
      Print(flags, score, number++);
      truncated += score.truncated;
    }
  }
  if (truncated > 0) {
    std::cerr << fmt::format("dragoman: {} pairs were longer than the model's limits; their left part was scored "
                             "(--format jsonl marks them)\n", truncated);
  }
  if (!std::cout.flush()) throw Error("stdout cannot be written; is the disk full, or the pipe closed?");
}

}  // namespace

void AddScoreCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("score", "Log-probabilities of given translations");
  command->footer(kExamples);
  auto flags = std::make_shared<ScoreFlags>();
  AddModelFlag(*command, &flags->model);
  command->add_option("--src", flags->src, "source lines, plain or gzip")->required()->type_name("FILE");
  command->add_option("--tgt", flags->tgt, "target lines, plain or gzip")->required()->type_name("FILE");
  command->add_option("--format", flags->format, "text or jsonl")->capture_default_str();
  command->add_flag("--per-token", flags->per_token, "divide by the number of tokens");
  AddThreadsFlag(*command, &flags->threads);
  command->callback([flags] { Score(*flags); });
}

}  // namespace dragoman
