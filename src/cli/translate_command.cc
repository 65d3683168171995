// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file_system.h"
#include "base/timer.h"
#include "cli/commands.h"
#include "cli/decode_flags.h"
#include "cli/line_input.h"
#include "cli/option_flags.h"
#include "cli/stdout.h"
#include "decode/translation_model.h"
#include "decode/translator.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    R"(Reads lines from stdin, writes one translation a line to stdout, in order, none left out. Lines that come singly,
from a person or a program that waits, are answered singly.
Examples:
  dragoman translate --model RUN < test.en > test.de
  echo 'I love you' | dragoman translate --model RUN --beam-size 8 --n-best 3
  dragoman translate --model RUN --format jsonl < test.en    scores and flags as JSON, a line each
n-best lines are LINE ||| TRANSLATION ||| SCORE, with LINE counted from 0. JSON keys: line (from 0), translation,
score (log_prob over length penalty), log_prob, complete (false: cut at the length limit), truncated (the source was
longer than the model's limit), repaired (it held invalid UTF-8 or NUL), and with --n-best a list n_best of translations.)";

struct TranslateFlags {
  std::string model;
  LineFormat format = LineFormat::kText;
  bool n_best = false;
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
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void Print(const TranslateFlags& flags, const TranslatedLine& line, int64_t number) {
  if (flags.format == LineFormat::kJsonl) {
    std::cout << ToJson(line, number, flags.n_best) << '\n';
  } else if (!flags.n_best) {
    std::cout << OneLine(line.n_best.front().text) << '\n';
  } else {
    for (const Translation& t : line.n_best) {
      std::cout << fmt::format("{} ||| {} ||| {:.6f}\n", number, OneLine(t.text), t.score);
    }
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
  void Report(const TransformerConfig& config) const {
    if (truncated > 0) {
      std::cerr << fmt::format(
          "dragoman: cut {} to the model's {} tokens; the left part was translated (--format jsonl marks them)\n",
          Counted(truncated, "line"), config.max_src_len);
    }
    if (repaired > 0) {
      std::cerr << fmt::format("dragoman: read invalid UTF-8 or NUL bytes of {} as U+FFFD or a space\n",
                               Counted(repaired, "line"));
    }
    if (cut > 0) {
      std::cerr << fmt::format(
          "dragoman: cut {} at the length limit (--max-length, --max-length-factor; the model's own is {} tokens)\n",
          Counted(cut, "translation"), config.max_tgt_len);
    }
  }
};

// A line of progress for a person who waits for a file to be done.
class Progress {
 public:
  void Show(int64_t lines) {
    if (!is_wanted_) return;
    std::cerr << fmt::format("\r{} lines, {:.0f} lines/s", lines, static_cast<double>(lines) / timer_.Seconds())
              << std::flush;
    is_shown_ = true;
  }
  ~Progress() {
    if (is_shown_) std::cerr << std::endl;
  }

 private:
  bool is_wanted_ = isatty(STDERR_FILENO) != 0 && isatty(STDIN_FILENO) == 0 && isatty(STDOUT_FILENO) == 0;
  bool is_shown_ = false;
  Timer timer_;
};

void Translate(const TranslateFlags& flags) {
  flags.decode.Validate();
  if (flags.chunk_lines < 1) {
    throw OptionError(fmt::format("--chunk-lines is {}, expected 1 or more lines", flags.chunk_lines));
  }
  WorkerPool pool(ThreadsOrCores(flags.threads));
  const TranslationModel loaded = OpenModel(flags.model);
  const TransformerConfig& config = loaded.model->config();
  if (flags.decode.max_length > config.max_tgt_len) {
    std::cerr << fmt::format("dragoman: --max-length is {}, but the model's limit of {} tokens holds\n",
                             flags.decode.max_length, config.max_tgt_len);
  }
  Translator translator(*loaded.model, *loaded.vocabs.src, *loaded.vocabs.tgt, flags.decode, pool);
  LineInput input(STDIN_FILENO, "stdin");
  const auto chunk = static_cast<size_t>(flags.chunk_lines);
  Counts counts;
  int64_t number = 0;
  {
    Progress progress;
    for (auto lines = input.Next(chunk); !lines.empty(); lines = input.Next(chunk)) {
      for (const TranslatedLine& line : translator.Translate(lines, number)) {
        counts.Add(line);
        Print(flags, line, number++);
      }
      FlushStdout();
      progress.Show(number);
    }
  }
  counts.Report(config);
}

// --n-best, --n-best 3: how many; without a number as many as the beam has.
void AddNBestFlag(CLI::App& command, TranslateFlags* flags) {
  const auto read = [flags](const CLI::results_t& values) {
    flags->n_best = true;
    flags->decode.n_best = 0;
    if (values.empty() || values.front().empty()) return true;
    ParseValue("--n-best", values.front(), &flags->decode.n_best);
    if (flags->decode.n_best < 1)
      throw OptionError(fmt::format("--n-best is {}, expected 1 to 256", flags->decode.n_best));
    return true;
  };
  command.add_option("--n-best", read, "print the N best translations with scores; without N, --beam-size of them")
      ->expected(0, 1)
      ->type_name("[N]");
}

}  // namespace

void AddTranslateCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("translate", "Translate lines from stdin to stdout");
  command->footer(kExamples);
  auto flags = std::make_shared<TranslateFlags>();
  AddModelFlag(*command, &flags->model);
  AddDecodeFlags(*command, &flags->decode);
  AddNBestFlag(*command, flags.get());
  const FlagRegistrar flag{command};
  flag("format", flags->format, "what is printed");
  AddThreadsFlag(*command, &flags->threads);
  flag("chunk_lines", flags->chunk_lines, "lines read, sorted by length and translated together at most");
  command->callback([flags] {
    if (flags->decode.n_best == 0) flags->decode.n_best = flags->decode.beam_size;
    Translate(*flags);
  });
}

}  // namespace dragoman
