// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file_system.h"
#include "cli/commands.h"
#include "cli/decode_flags.h"
#include "decode/translation_model.h"
#include "decode/translator.h"
#include "kernels/gemm.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    "Reads lines from stdin, writes one translation a line to stdout, in order, none left out.\n"
    "Examples:\n"
    "  dragoman translate --model RUN < test.en > test.de\n"
    "  echo 'I love you' | dragoman translate --model RUN --beam-size 8 --n-best 3\n"
    "  dragoman translate --model RUN --format jsonl < test.en    scores and flags as JSON, a line each\n"
    "n-best lines are LINE ||| TRANSLATION ||| SCORE, with LINE counted from 0.";

struct TranslateFlags {
  std::string model;
  std::string format = "text";
  bool n_best = false;
  int n_best_count = 0;
  int threads = 0;
  int chunk_lines = 4096;
  DecodeOptions decode;
};

std::string ToJson(const TranslatedLine& line, int64_t number, bool n_best) {
  const auto one = [](const Translation& t) {
    return nlohmann::ordered_json{
        {"translation", t.text}, {"score", t.score}, {"log_prob", t.log_prob}, {"complete", t.complete}};
  };
  nlohmann::ordered_json json = {{"line", number}};
  json.update(one(line.n_best.front()));
  json["truncated"] = line.truncated;
  json["repaired"] = line.repaired;
  if (n_best) {
    json["n_best"] = nlohmann::ordered_json::array();
    for (const Translation& translation : line.n_best) json["n_best"].push_back(one(translation));
  }
  return json.dump();
}

void Print(const TranslateFlags& flags, const TranslatedLine& line, int64_t number) {
  if (flags.format == "jsonl") {
    std::cout << ToJson(line, number, flags.n_best) << '\n';
  } else if (!flags.n_best) {
    std::cout << line.n_best.front().text << '\n';
  } else {
    for (const Translation& t : line.n_best) std::cout << fmt::format("{} ||| {} ||| {:.6f}\n", number, t.text, t.score);
  }
}

// What happened to the input on the way, for the user to know.
struct Counts {
  int64_t truncated = 0, repaired = 0, cut = 0;

  void Add(const TranslatedLine& line) {
    truncated += line.truncated;
    repaired += line.repaired;
    cut += !line.n_best.front().complete;
  }
  void Report(int64_t max_src_len) const {
    if (truncated > 0) {
      std::cerr << fmt::format("dragoman: {} lines were longer than the model's {} tokens; their left part was "
                               "translated (--format jsonl marks them)\n", truncated, max_src_len);
    }
    if (repaired > 0) {
      std::cerr << fmt::format("dragoman: {} lines held invalid UTF-8 or NUL bytes, translated as U+FFFD or a space\n", repaired);
    }
    if (cut > 0) {
      std::cerr << fmt::format("dragoman: {} translations were cut at the length limit (--max-length, "
                               "--max-length-factor)\n", cut);
    }
  }
};

// Reads up to `most` lines; fewer when a person types them, so that each is answered at once.
std::vector<std::string> ReadLines(size_t most) {
  std::vector<std::string> lines;
  std::string line;
  while (lines.size() < most && std::getline(std::cin, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(std::move(line));
    line.clear();
  }
  return lines;
}

void Translate(const TranslateFlags& flags) {
  if (flags.format != "text" && flags.format != "jsonl") {
    throw OptionError(fmt::format("--format is \"{}\", expected text or jsonl", flags.format));
  }
  WorkerPool pool(ThreadsOrCores(flags.threads), kernels::UseOneGemmThread);
  const TranslationModel loaded = LoadTranslationModel(RealFileSystem(), flags.model);
  Translator translator(*loaded.model, *loaded.vocabs.src, *loaded.vocabs.tgt, flags.decode, pool);
  const size_t chunk = isatty(STDIN_FILENO) != 0 ? 1 : static_cast<size_t>(flags.chunk_lines);
  Counts counts;
  int64_t number = 0;
  for (auto lines = ReadLines(chunk); !lines.empty(); lines = ReadLines(chunk)) {
    for (const TranslatedLine& line : translator.Translate(lines, number)) {
      counts.Add(line);
      Print(flags, line, number++);
    }
    std::cout.flush();
  }
  counts.Report(loaded.model->config().max_src_len);
  if (!std::cout) throw Error("stdout cannot be written; is the disk full, or the pipe closed?");
}

}  // namespace

void AddTranslateCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("translate", "Translate lines from stdin to stdout");
  command->footer(kExamples);
  auto flags = std::make_shared<TranslateFlags>();
  AddModelFlag(*command, &flags->model);
  AddDecodeFlags(*command, &flags->decode);
  command->add_option("--n-best", flags->n_best_count, "print the N best translations with scores; without N, --beam-size of them")
      ->expected(0, 1)
      ->type_name("[N]");
  command->add_option("--format", flags->format, "text or jsonl")->capture_default_str();
  AddThreadsFlag(*command, &flags->threads);
  command->add_option("--chunk-lines", flags->chunk_lines, "lines read, sorted by length and translated together")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  command->callback([command, flags] {
    flags->n_best = command->count("--n-best") > 0;
    if (flags->n_best) flags->decode.n_best = flags->n_best_count > 0 ? flags->n_best_count : flags->decode.beam_size;
    Translate(*flags);
  });
}

}  // namespace dragoman
