// SPDX-License-Identifier: Apache-2.0
#include "cli/advise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/option_text.h"
#include "base/signals.h"
#include "base/thread_pool.h"
#include "cli/flag_text.h"
#include "cli/option_flags.h"
#include "cli/run_config.h"
#include "cli/stdout.h"
#include "kernels/gemm.h"
#include "recommend/corpus_facts.h"
#include "recommend/pace.h"
#include "recommend/recommendation.h"
#include "train/training_data.h"

namespace dragoman {
namespace {

constexpr int64_t kSampleBytes = 4 << 20;
constexpr double kPaceSeconds = 6;
// Beside the updates: validation, checkpoints, reading. Measured with the recipes, some 5 to 15 %.
constexpr double kOverhead = 1.1;

const std::vector<std::string> kHeeded = {"train_src",     "train_tgt",   "train_tsv", "train_jsonl", "jsonl_src_key",
                                          "jsonl_tgt_key", "valid_src",   "valid_tgt", "output",      "seed",
                                          "threads",       "max_minutes", "name",      "licence",     "origin"};

bool IsHeeded(const std::string& key) { return std::ranges::find(kHeeded, key) != kHeeded.end(); }

void RefuseOthers(const CLI::App& command, const TrainOptions& given) {
  const auto refuse = [&](const char* key, const auto&, const char*) {
    if (IsHeeded(key) || IsDerived(key)) return;
    const std::string flag = FlagGiven(command, key);
    if (flag.empty()) return;
    throw OptionError(
        fmt::format("{} is what --advise would decide; leave it out, and change it in what is printed", flag));
  };
  ForEachTrainOption(given, refuse);
  ForEachModelOption(given.model, refuse);
}

// Every option's text, but those of the lists that `train` has.
std::map<std::string, std::string> Texts(const TrainOptions& options) {
  std::map<std::string, std::string> texts;
  const auto note = [&](const char* key, const auto& value, const char*) { texts[key] = ValueText(value); };
  ForEachTrainOption(options, note);
  ForEachModelOption(options.model, note);
  return texts;
}

// As TOML, what differs from what `train` takes by itself with this preset.
std::string Toml(const TrainOptions& options) {
  TrainOptions usual;
  usual.model = TransformerConfig::Preset(options.preset);
  usual.model.decoder_start = kStartOfVocabulary;
  std::vector<std::string> left_out = {"src_vocab", "tgt_vocab"};  // of the model; those of the options are below
  const std::map<std::string, std::string> before = Texts(usual);
  for (const auto& [key, text] : Texts(options)) {
    if (before.at(key) == text) left_out.push_back(key);
  }
  std::string toml;
  std::vector<std::string> of_options = left_out;
  std::erase_if(of_options, [&](const std::string& key) {
    return (key == "src_vocab" && !options.src_vocab.empty()) || (key == "tgt_vocab" && !options.tgt_vocab.empty());
  });
  ForEachTrainOption(options, [&](const char* key, const auto& value, const char* help) {
    TomlWriter{&toml, of_options}(key, value, help);
  });
  ForEachModelOption(options.model, [&](const char* key, const auto& value, const char* help) {
    TomlWriter{&toml, left_out}(key, value, help);
  });
  return toml;
}

// The commands that make the vocabularies, as comments.
std::string VocabCommands(const Recommendation& advice, const TrainOptions& options, int size) {
  const std::string how = fmt::format(
      "--size {}{}{}", size, advice.vocab.type == VocabType::kBpe ? " --type bpe" : "",
      advice.vocab.symbols.empty() ? "" : fmt::format(" --symbols '{}'", fmt::join(advice.vocab.symbols, "' '")));
  const bool two_files = !options.train_src.empty();
  const std::string src = two_files ? options.train_src : "SOURCES", tgt = two_files ? options.train_tgt : "TARGETS";
  const auto command = [&](const std::string& inputs, const std::string& output) {
    std::string files = inputs;
    std::ranges::replace(files, ',', ' ');
    return fmt::format("#   dragoman vocab --input {} {} --output {}\n", files, how, output);
  };
  if (advice.joint) return command(src + " " + tgt, options.vocab);
  return command(src, options.src_vocab) + command(tgt, options.tgt_vocab);
}

void SetLength(const Pace& pace, Recommendation* advice) {
  TrainOptions& o = advice->options;
  double updates = advice->epochs * pace.updates_per_epoch;
  const double minutes = updates * pace.seconds_per_update * kOverhead / 60;
  if (o.max_minutes > 0 && minutes > o.max_minutes) updates *= o.max_minutes / minutes;
  o.max_minutes = 0;  // in updates now, so that the result does not depend on the machine's mood
  o.max_steps = std::max<int64_t>(20, std::llround(updates));
  o.warmup = std::max<int64_t>(1, std::llround(advice->warmup * static_cast<double>(o.max_steps)));
  o.valid_every = o.save_every = std::clamp<int64_t>(o.max_steps / 20, 1, 2000);
}

}  // namespace

void PrintAdvice(const CLI::App& command, const TrainOptions& given) {
  RefuseOthers(command, given);
  if (given.train_src.empty() != given.train_tgt.empty() ||
      (given.train_src.empty() && given.train_tsv.empty() && given.train_jsonl.empty())) {
    throw OptionError(
        "--advise looks at the training data, and there are none; give --train-src and --train-tgt, or --train-tsv, or "
        "--train-jsonl");
  }
  std::vector<ParallelInput> inputs;
  for (const CorpusInput& text : TrainingTexts(given)) inputs.push_back(text.input);
  const StopSignal stop_signal(/*silent=*/true);
  const CorpusFacts facts = FactsOf(inputs, kSampleBytes, ThrowIfStopRequested);
  Recommendation advice = Recommend(facts, kernels::HasFastBf16());
  TrainOptions& o = advice.options;
  ForEachTrainOption(given, [&](const std::string& wanted, const auto& value, const char*) {
    if (!IsHeeded(wanted)) return;
    ForEachTrainOption(o, [&](const std::string& key, auto& field, const char*) {
      if constexpr (std::is_same_v<std::decay_t<decltype(field)>, std::decay_t<decltype(value)>>) {
        if (key == wanted) field = value;
      }
    });
  });
  if (o.output.empty()) o.output = "run";
  (advice.joint ? o.vocab : o.src_vocab) = advice.joint ? "vocab.model" : "src.model";
  if (!advice.joint) o.tgt_vocab = "tgt.model";

  const Pace pace = MeasurePace(advice, facts, kPaceSeconds, ThrowIfStopRequested);
  SetLength(pace, &advice);
  const double minutes = static_cast<double>(o.max_steps) * pace.seconds_per_update * kOverhead / 60;
  const int threads = o.threads > 0 ? o.threads : UsableCores();
  std::string text =
      "# dragoman train --config THIS; first its vocabulary:\n" + VocabCommands(advice, o, pace.vocab_size);
  for (const std::string& reason : advice.reasons) text += "# " + WithFlags(reason) + "\n";
  text += fmt::format(
      "# expected: {} updates in {:.0f} minutes on this machine ({} threads, {}), {:.1f} M parameters\n", o.max_steps,
      std::max(1.0, minutes), threads, ValueText(o.precision), static_cast<double>(pace.parameters) / 1e6);
  std::cout << text << "\n" << Toml(o);
  FlushStdout();
}

}  // namespace dragoman
