// SPDX-License-Identifier: Apache-2.0
#include "cli/advise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/cores.h"
#include "base/error.h"
#include "base/option_text.h"
#include "base/signals.h"
#include "cli/flag_text.h"
#include "cli/option_flags.h"
#include "cli/run_config.h"
#include "cli/stdout.h"
#include "kernels/gemm.h"
#include "recommend/corpus_facts.h"
#include "recommend/pace.h"
#include "recommend/recommendation.h"
#include "train/advice.h"
#include "train/run_facts.h"
#include "train/training_data.h"

namespace dragoman {
namespace {

constexpr int64_t kSampleBytes = 4 << 20;
constexpr double kPaceSeconds = 4;
// Beside the updates: validation, checkpoints, reading. A guess, not measured yet.
constexpr double kOverhead = 1.1;

const std::vector<std::string> kHeeded = {"train_src",     "train_tgt",   "train_tsv", "train_jsonl", "jsonl_src_key",
                                          "jsonl_tgt_key", "valid_src",   "valid_tgt", "output",      "seed",
                                          "threads",       "max_minutes", "name",      "licence",     "origin"};

bool IsHeeded(const std::string& key) { return std::ranges::find(kHeeded, key) != kHeeded.end(); }

void RefuseOthers(const CLI::App& command, const TrainOptions& given) {
  const auto refuse = [&](const char* key, const auto&, const char*) {
    if (IsHeeded(key)) return;
    const std::string flag = FlagGiven(command, key);
    if (flag.empty()) return;
    throw OptionError(fmt::format("--advise does not heed {}; leave it out, and put it into what is printed", flag));
  };
  ForEachTrainOption(given, refuse);
  ForEachModelOption(given.model, [&](const char* key, const auto& field, const char* help) {
    if (!IsDerived(key)) refuse(key, field, help);  // src_vocab is a number there, and no flag
  });
}

// Every option's text, but those of the lists that `train` has.
std::map<std::string, std::string> Texts(const TrainOptions& options) {
  std::map<std::string, std::string> texts;
  const auto note = [&](const char* key, const auto& value, const char*) { texts[key] = ValueText(value); };
  ForEachTrainOption(options, note);
  ForEachModelOption(options.model, note);
  return texts;
}

// The options in which there is nothing but what `train` takes by itself with this preset; or, of the model, what that
// of `init_from` decides.
std::vector<std::string> KeysToLeaveOut(const TrainOptions& options) {
  TrainOptions usual;
  usual.model = TransformerConfig::Preset(options.preset);
  usual.model.decoder_start = kStartOfVocabulary;
  std::vector<std::string> left_out = {"src_vocab", "tgt_vocab"};  // of the model; those of the options are below
  const std::map<std::string, std::string> before = Texts(usual);
  for (const auto& [key, text] : Texts(options)) {
    if (before.at(key) == text) left_out.push_back(key);
  }
  if (options.init_from.empty()) return left_out;
  left_out.insert(left_out.end(), {"preset", "vocab"});
  ForEachModelOption(options.model, [&](const std::string& key, const auto&, const char*) {
    if (!key.ends_with("_dropout")) left_out.push_back(key);
  });
  return left_out;
}

// The others as TOML.
std::string Toml(const TrainOptions& options) {
  const std::vector<std::string> left_out = KeysToLeaveOut(options);
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

// As one word of a shell's command.
std::string ShellQuoted(const std::string& word) {
  const bool is_plain = !word.empty() && std::ranges::all_of(word, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_-./=:+@%").find(c) != std::string::npos;
  });
  if (is_plain) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// The training files of an option, as words of a shell's command.
std::string ShellWords(const TrainOptions& options, const std::string& option) {
  std::string words;
  for (const InputPath& file : TrainingFiles(options)) {
    if (file.option == option) words += (words.empty() ? "" : " ") + ShellQuoted(file.path);
  }
  return words;
}

// The commands that make the vocabularies, as comments.
std::string VocabCommands(const Recommendation& advice, const TrainOptions& options, int size) {
  std::string how = fmt::format("--size {}{}", size, advice.vocab.type == VocabType::kBpe ? " --type bpe" : "");
  for (const std::string& symbol : advice.vocab.symbols) how += " --symbols " + ShellQuoted(symbol);
  const bool two_files = !options.train_src.empty();
  const std::string src = two_files ? ShellWords(options, "`train_src`") : "SOURCES";
  const std::string tgt = two_files ? ShellWords(options, "`train_tgt`") : "TARGETS";
  const auto command = [&](const std::string& files, const std::string& output) {
    return fmt::format("#   dragoman vocab --input {} {} --output {}\n", files, how, output);
  };
  std::string lines;
  if (!two_files)
    lines = "#   SOURCES and TARGETS: each side's text as a file of its own, as cut -f 1 and cut -f 2 make of a TSV\n";
  if (advice.joint) return lines + command(src + " " + tgt, options.vocab);
  return lines + command(src, options.src_vocab) + command(tgt, options.tgt_vocab);
}

// The others as flags of a shell's command.
std::string Flags(const TrainOptions& options) {
  const std::vector<std::string> left_out = KeysToLeaveOut(options);
  std::string flags;
  const auto add = [&](const std::string& key, const auto& value, const char*) {
    if (std::ranges::find(left_out, key) != left_out.end()) return;
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, bool>) {
      flags += value ? " " + FlagName(key) : " --no-" + FlagName(key).substr(2);
    } else {
      flags += " " + FlagName(key) + " " + ShellQuoted(ValueText(value));
    }
  };
  ForEachTrainOption(options, add);
  ForEachModelOption(options.model, add);
  return flags;
}

// The command that learns from the sources alone, as a comment, for `advice` to start from.
std::string PretrainingCommand(const Recommendation& advice) {
  TrainOptions first = advice.options;
  const TrainOptions usual;
  first.train_tgt = first.valid_tgt = first.train_tsv = first.train_jsonl = first.init_from = first.output = "";
  first.jsonl_src_key = usual.jsonl_src_key;
  first.jsonl_tgt_key = usual.jsonl_tgt_key;
  if (first.train_src.empty()) first.train_src = "SOURCES";
  first.denoise = Noise::kGap;
  first.metric = usual.metric;
  first.max_steps = std::max<int64_t>(1, std::llround(advice.pretraining * static_cast<double>(first.max_steps)));
  first.warmup = std::max<int64_t>(1, first.max_steps / 3);
  return fmt::format("#   dragoman train{} --output {}\n", Flags(first), ShellQuoted(advice.options.init_from));
}

// What a training would be warned of.
void WarnOfMemory(const Recommendation& advice) {
  TrainOptions options = advice.options.ResolvedFor(advice.options.model, advice.options.precision);
  options.model.src_vocab = options.model.tgt_vocab = advice.vocab.size;
  options.model.decoder_start = -1;
  for (const std::string& line : AdviseOnMemory(MemoryOf(options, options.precision, /*ranks=*/1))) {
    std::cerr << "warning: " << WithFlags(line) << "\n";
  }
}

// Of so many updates and those before them, whose pace is taken to be the same.
double MinutesOf(double updates, const Pace& pace, const Recommendation& advice) {
  return updates * (1 + advice.pretraining) * pace.seconds_per_update * kOverhead / 60;
}

void SetLength(const Pace& pace, Recommendation* advice) {
  TrainOptions& o = advice->options;
  double updates = advice->epochs * pace.updates_per_epoch;
  const double minutes = MinutesOf(updates, pace, *advice);
  if (o.max_minutes > 0 && minutes > o.max_minutes) updates *= o.max_minutes / minutes;
  o.max_minutes = 0;  // in updates now, so that the result does not depend on the machine's mood
  o.max_steps = std::max<int64_t>(20, std::llround(updates));
  o.warmup = std::max<int64_t>(1, std::llround(advice->warmup * static_cast<double>(o.max_steps)));
  o.valid_every = o.save_every = std::clamp<int64_t>(o.max_steps / 20, 1, 2000);
  if (advice->pretraining > 0) o.init_from = o.output + "-pretraining";
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
  const CorpusFacts facts = CorpusFactsOf(inputs, kSampleBytes, ThrowIfStopRequested);
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

  WarnOfMemory(advice);
  std::cerr << "trying for some seconds how fast this machine trains that ...\n";
  const Pace pace = MeasurePace(advice, facts, kPaceSeconds, ThrowIfStopRequested);
  // Of all the text the vocabulary is as it was tried; more text than the sample may well yield what was wanted.
  const bool tried_all = facts.pairs == std::ssize(facts.sample);
  const int vocab_size = tried_all ? pace.vocab_size : advice.vocab.size;
  SetLength(pace, &advice);
  const double minutes = MinutesOf(static_cast<double>(o.max_steps), pace, advice);
  const int threads = o.threads > 0 ? o.threads : UsableCores();
  std::string text = "# dragoman train --config THIS; first its vocabulary:\n" + VocabCommands(advice, o, vocab_size);
  if (advice.pretraining > 0)
    text += "# then, from the sources alone, what it starts from:\n" + PretrainingCommand(advice);
  if (vocab_size < advice.vocab.size) text += fmt::format("# so little text yields {} pieces at most\n", vocab_size);
  for (const std::string& reason : advice.reasons) text += "# " + WithFlags(reason) + "\n";
  text += fmt::format(
      "# expected: {} updates in {:.0f} minutes on this machine ({} threads, {}), {:.1f} M parameters\n", o.max_steps,
      std::max(1.0, minutes), threads, ValueText(o.precision), static_cast<double>(pace.parameters) / 1e6);
  std::cout << text << "\n" << Toml(o);
  FlushStdout();
}

}  // namespace dragoman
