// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/counted.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "base/stderr.h"
#include "cli/commands.h"
#include "cli/decode_flags.h"
#include "cli/flag_text.h"
#include "cli/option_flags.h"
#include "cli/stdout.h"
#include "data/parallel_reader.h"
#include "dragoman/translator.h"
#include "format/model_directory.h"
#include "metrics/unicode.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    R"(Prints one line a pair: the natural logarithm of P(target | source), </s> included; nan where the source is empty;
an empty line where the model computes no finite number, with an error on stderr.
The sum of all comes on stderr, with the perplexity: exp of minus the mean log-probability per token, </s> included, or
per word, as blanks part them, with the end of each line as one more. Per word it compares models of unlike vocabularies.
--summary prints it on stdout, in place of the lines.
JSON keys: line (from 0), log_prob (null where there is none), tokens, token_log_probs (</s> last), truncated, unknown
(characters that the vocabulary lacks), error (why there is no log_prob, although there is a source). Of the summary: pairs, tokens, words, log_prob, perplexity,
word_perplexity, truncated, without_source, unknown, failed.
Examples:
  dragoman score --model RUN --src test.en --tgt test.de
  dragoman score --model RUN --src test.en --tgt hyp.de --per-token     mean per token
  dragoman score --model RUN --ids --src test.ids --tgt hyp.ids         of ids, as dragoman encode prints them
  dragoman score --model RUN --src test.en --tgt hyp.de --format jsonl  every token's, and flags
  dragoman score --model RUN --src test.en --tgt test.de --summary --quiet      perplexity of a test set)";

struct ScoreFlags {
  ModelFlags model;
  std::string src, tgt;
  LineFormat format = LineFormat::kText;
  LineForm form = LineForm::kText;
  bool per_token = false;
  bool summary = false;
  int threads = 0;
  std::optional<WeightFormat> precision;
};

void Print(const ScoreFlags& flags, const PairScore& score, int64_t number) {
  const auto tokens = static_cast<double>(std::max<size_t>(1, score.token_log_probs.size()));
  if (flags.format == LineFormat::kJsonl) {
    nlohmann::ordered_json json = {{"line", number},
                                   {"log_prob", score.log_prob},
                                   {"tokens", score.token_log_probs.size()},
                                   {"token_log_probs", score.token_log_probs},
                                   {"truncated", score.truncated},
                                   {"unknown", score.unknown}};
    if (!score.error.empty()) json["error"] = WithFlags(score.error);
    std::cout << json.dump() << '\n';
  } else if (!score.error.empty()) {
    std::cout << '\n';
  } else {
    std::cout << fmt::format("{:.6f}\n", flags.per_token ? score.log_prob / tokens : score.log_prob);
  }
}

struct Totals {
  int64_t pairs = 0, tokens = 0, truncated = 0, without_source = 0, failed = 0;
  int64_t unknown = 0, with_unknown = 0;  // characters, pairs
  double log_prob = 0;
  // Of pairs of text that were not cut: of the others it is not known which words were scored.
  bool has_words = true;
  int64_t words = 0;  // as blanks part them, and </s>
  double log_prob_of_words = 0;

  void Add(const std::string& target, const PairScore& score) {
    ++pairs;
    truncated += score.truncated;
    unknown += score.unknown;
    with_unknown += score.unknown > 0;
    failed += !score.error.empty();
    if (score.token_log_probs.empty()) {
      without_source += score.error.empty();
      return;
    }
    tokens += static_cast<int64_t>(score.token_log_probs.size());
    log_prob += score.log_prob;
    if (score.truncated || !has_words) return;
    words += 1 + static_cast<int64_t>(SplitAtSpaces(DecodeUtf8(target)).size());
    log_prob_of_words += score.log_prob;
  }
  // NaN when nothing has a score.
  double Perplexity() const { return std::exp(-log_prob / static_cast<double>(tokens)); }
  double WordPerplexity() const { return std::exp(-log_prob_of_words / static_cast<double>(words)); }
  std::string Counts() const {
    return fmt::format("{}, {}, log-probability {:.4f}", Counted(pairs, "pair"), Counted(tokens, "token"), log_prob);
  }
  bool AllFailed() const { return failed > 0 && failed == pairs - without_source; }
  void Report(bool with_sum) const {
    if (truncated > 0) {
      std::cerr << fmt::format(
          "dragoman: cut {} to the model's limits; their left part was scored (--format jsonl marks them)\n",
          Counted(truncated, "pair"));
    }
    if (without_source > 0) {
      std::cerr << fmt::format(
          "dragoman: left {} with an empty source out: the model has nothing to say of it, their score is nan\n",
          Counted(without_source, "pair"));
    }
    if (unknown > 0) {
      std::cerr << fmt::format(
          "dragoman: the vocabulary lacks {} of {}, scored as <unk> (--format jsonl marks them; see vocab "
          "--character-coverage, --byte-fallback)\n",
          Counted(unknown, "character"), Counted(with_unknown, "pair"));
    }
    if (failed > 0) {
      std::cerr << fmt::format("dragoman: {} could not be scored: their output is empty\n", Counted(failed, "pair"));
    }
    if (!with_sum) return;
    if (tokens == 0) {
      std::cerr << fmt::format("{}, of which none has a score\n", Counted(pairs, "pair"));
      return;
    }
    const std::string per_word = has_words ? fmt::format(" ({:.4f} per word)", WordPerplexity()) : "";
    std::cerr << fmt::format("{}, perplexity {:.4f}{}\n", Counts(), Perplexity(), per_word);
  }
  void Print(LineFormat format) const {
    if (format == LineFormat::kText && !has_words) {
      std::cout << fmt::format("perplexity = {:.4f} ({})\n", Perplexity(), Counts());
      return;
    }
    if (format == LineFormat::kText) {
      std::cout << fmt::format("perplexity = {:.4f} (per word = {:.4f}; {}, {})\n", Perplexity(), WordPerplexity(),
                               Counts(), Counted(words, "word"));
      return;
    }
    const nlohmann::ordered_json json = {{"pairs", pairs},
                                         {"tokens", tokens},
                                         {"words", words},
                                         {"log_prob", log_prob},
                                         {"perplexity", Perplexity()},
                                         {"word_perplexity", WordPerplexity()},
                                         {"truncated", truncated},
                                         {"without_source", without_source},
                                         {"unknown", unknown},
                                         {"failed", failed}};
    std::cout << json.dump() << '\n';
  }
};

void Score(const ScoreFlags& flags) {
  std::vector<InputPath> inputs = ModelInputs("--model", flags.model.path);
  inputs.insert(inputs.end(), {{"--src", flags.src}, {"--tgt", flags.tgt}});
  RefuseOverwriting("stdout", "-", inputs);
  if (flags.src == kStdinPath || flags.tgt == kStdinPath) GreetTerminal("a line of text a pair");
  const Translator translator(flags.model.path, {.threads = ThreadsOrCores(flags.threads),
                                                 .precision = flags.precision,
                                                 .src_lang = flags.model.languages.src,
                                                 .tgt_lang = flags.model.languages.tgt,
                                                 .verify = !flags.model.no_verify});
  ParallelReader reader({.format = PairFormat::kTwoFiles, .source = flags.src, .target = flags.tgt});
  constexpr size_t kChunk = 4096;
  Totals totals;
  totals.has_words = flags.form == LineForm::kText;
  for (bool more = true; more;) {
    std::vector<std::string> sources, targets;
    std::string_view source, target;
    while (sources.size() < kChunk && (more = reader.Next(&source, &target))) {
      sources.emplace_back(source);
      targets.emplace_back(target);
    }
    std::string complaints;
    const std::vector<PairScore> scores = translator.Score(std::move(sources), targets, flags.form, totals.pairs);
    for (size_t i = 0; i < scores.size(); ++i) {
      const PairScore& score = scores[i];
      if (!flags.summary) Print(flags, score, totals.pairs);
      totals.Add(targets[i], score);
      if (!score.error.empty())
        complaints += fmt::format("dragoman: input line {}: {}\n", totals.pairs, WithFlags(score.error));
    }
    FlushStdout();
    Errors() << complaints << std::flush;
  }
  if (totals.pairs == 0) throw FileError(flags.src, "empty; expected at least one line to score; check the path");
  totals.Report(/*with_sum=*/!flags.summary);
  if (totals.AllFailed()) {
    throw NumericError("no pair could be scored; are the model's weights damaged? Score with another checkpoint");
  }
  if (flags.summary) {
    totals.Print(flags.format);
    FlushStdout();
  }
}

}  // namespace

void AddScoreCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("score", "Log-probabilities of given translations");
  command->footer(kExamples);
  auto flags = std::make_shared<ScoreFlags>();
  AddModelFlags(*command, &flags->model);
  AddLanguageFlags(*command, &flags->model.languages);
  command->add_option("--src", flags->src, "source lines, plain or gzip; - is stdin")->required()->type_name("FILE");
  command->add_option("--tgt", flags->tgt, "target lines, plain or gzip; - is stdin")->required()->type_name("FILE");
  const FlagRegistrar flag{command};
  flag("format", flags->format, "what is printed");
  AddLineFormFlags(*command, &flags->form);
  flag("per_token", flags->per_token, "divide by the number of tokens");
  flag("summary", flags->summary, "print the perplexity of all pairs, in place of a line a pair");
  AddThreadsFlag(*command, &flags->threads);
  AddPrecisionFlag(*command, &flags->precision);
  command->callback([flags] { Score(*flags); });
}

}  // namespace dragoman
