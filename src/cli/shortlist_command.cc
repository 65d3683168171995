// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/counted.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "base/rng.h"
#include "cli/commands.h"
#include "cli/decode_flags.h"
#include "cli/option_flags.h"
#include "cli/stdout.h"
#include "data/lexical_model.h"
#include "data/parallel_reader.h"
#include "format/shortlist.h"
#include "interop/marian_shortlist.h"

namespace dragoman {
namespace {

constexpr char kExamples[] = R"(Examples:
  dragoman shortlist --model RUN --src train.en --tgt train.de --output ende.shortlist
  dragoman translate --model RUN --shortlist ende.shortlist < test.en > test.de
  dragoman shortlist --model ende --from lex.s2t.gz --per-token 100 --frequent 100 --output ende.shortlist
For each token of the source the target tokens that it is most often translated as, by IBM Model 1, learnt from the
pairs. Of all others translate --shortlist computes nothing: so the output layer takes a fraction of its time, and what
is nowhere in the lists cannot be said. What it costs in quality, a test set says: eval. It belongs to the vocabularies
of the model, and so to every model that has these.)";

struct ShortlistFlags {
  ModelFlags model;
  std::string src, tgt, from, output;
  bool has_limits = false;  // one of --per-token and --frequent was given
  bool has_max_pairs = false;
  int per_token = 50;
  int frequent = 50;
  int max_pairs = 200000;
};

// Pairs of tokens, without the templates'.
struct TokenPairs {
  PackedSentences sources, targets;
  int64_t read = 0;
};

void Validate(const ShortlistFlags& flags) {
  const auto require = [](const char* name, int value) {
    if (value < 1) throw OptionError(fmt::format("{} is {}, expected 1 or more", name, value));
  };
  require("--per-token", flags.per_token);
  require("--frequent", flags.frequent);
  require("--max-pairs", flags.max_pairs);
  const bool has_text = !flags.src.empty() || !flags.tgt.empty();
  if (has_text == !flags.from.empty() || flags.src.empty() != flags.tgt.empty()) {
    throw OptionError(
        "--src and --tgt are text to learn a shortlist from, --from is a shortlist of Marian's; expected the two or "
        "the "
        "one");
  }
  if (flags.output == kStdoutPath) throw OptionError("--output is -, expected a file for the shortlist");
  std::vector<InputPath> inputs = ModelInputs("--model", flags.model.path);
  inputs.insert(inputs.end(), {{"--src", flags.src}, {"--tgt", flags.tgt}, {"--from", flags.from}});
  RefuseOverwriting("--output", flags.output, inputs);
  ProbeWriteAtomically(RealFileSystem(), flags.output);
}

// A sample of `max_pairs` of all, each as likely as the others (Vitter 1985, algorithm R).
TokenPairs ReadPairs(const ShortlistFlags& flags, const VocabularyPair& vocabs) {
  struct Pair {
    std::vector<int32_t> source, target;
  };
  std::vector<Pair> sample;
  TokenPairs pairs;
  ParallelReader reader({.format = PairFormat::kTwoFiles, .source = flags.src, .target = flags.tgt});
  Rng rng(/*seed=*/1);
  std::string_view source, target;
  while (reader.Next(&source, &target)) {
    const auto at = sample.size() < static_cast<size_t>(flags.max_pairs)
                        ? sample.size()
                        : static_cast<size_t>(rng.Below(static_cast<uint64_t>(pairs.read) + 1));
    ++pairs.read;
    if (at >= static_cast<size_t>(flags.max_pairs)) continue;
    if (at == sample.size()) sample.emplace_back();
    sample[at] = {vocabs.src->Encode(source), vocabs.tgt->Encode(target)};
  }
  for (const Pair& pair : sample) {
    pairs.sources.Add(pair.source);
    pairs.targets.Add(pair.target);
  }
  if (pairs.targets.tokens() == 0) throw FileError(flags.tgt, "no text in it, expected pairs to learn from");
  return pairs;
}

std::vector<int32_t> MostFrequent(std::span<const int32_t> ids, int32_t rows, size_t most) {
  std::vector<int64_t> count(static_cast<size_t>(rows));
  for (const int32_t id : ids) ++count[static_cast<size_t>(id)];
  std::vector<int32_t> tokens;
  for (int32_t id = 0; id < rows; ++id) {
    if (count[static_cast<size_t>(id)] > 0) tokens.push_back(id);
  }
  std::ranges::stable_sort(tokens, std::ranges::greater(), [&](int32_t id) { return count[static_cast<size_t>(id)]; });
  tokens.resize(std::min(tokens.size(), most));
  std::ranges::sort(tokens);
  return tokens;
}

ShortlistTables MakeTables(const ShortlistFlags& flags, const TokenPairs& pairs, const VocabularyPair& vocabs) {
  const LexicalModel model(pairs.sources.view(), pairs.targets.view(), vocabs.src->rows());
  return MakeShortlist(
      MostFrequent(pairs.targets.ids, vocabs.tgt->rows(), static_cast<size_t>(flags.frequent)),
      [&](int32_t id) { return model.BestOf(id, static_cast<size_t>(flags.per_token)); }, vocabs);
}

// What share of the pairs' own target tokens could have been said.
void Report(const std::string& output, const TokenPairs& pairs, const Shortlist& shortlist) {
  int64_t held = 0, listed = 0;
  const int64_t sentences = pairs.sources.packing().sentences();
  for (int64_t s = 0; s < sentences; ++s) {
    const std::vector<int32_t> tokens = shortlist.For(pairs.sources.Sentence(s));
    listed += static_cast<int64_t>(tokens.size());
    held += std::ranges::count_if(pairs.targets.Sentence(s),
                                  [&](int32_t id) { return std::ranges::binary_search(tokens, id); });
  }
  std::cerr << fmt::format(
      "{}: learnt from {} of {}; {:.1f} tokens a sentence, which hold {:.2f} % of the target's own\n", output,
      sentences, Counted(pairs.read, "pair"), static_cast<double>(listed) / static_cast<double>(sentences),
      100.0 * static_cast<double>(held) / static_cast<double>(pairs.targets.tokens()));
}

void ReportSize(const std::string& output, const Shortlist& shortlist, const Tokenizer& src_vocab) {
  const ShortlistTables& tables = shortlist.tables();
  std::cerr << fmt::format("{}: {:.1f} tokens for each of {} of the source, and {} for any\n", output,
                           static_cast<double>(tables.targets.size()) / static_cast<double>(src_vocab.size()),
                           src_vocab.size(), tables.frequent.size());
}

void ConvertShortlist(const ShortlistFlags& flags, FileSystem& files, const VocabularyPair& vocabs) {
  if (flags.has_max_pairs) {
    throw OptionError("--max-pairs chooses from text to learn from, but --from is a shortlist; leave it out");
  }
  if (flags.has_limits && IsBinaryMarianShortlist(files, flags.from)) {
    throw OptionError(
        fmt::format("--per-token and --frequent choose from a text, but {} is binary and was made with its own; leave "
                    "them out",
                    flags.from));
  }
  if (flags.per_token > kMostOfAWord) {
    throw OptionError(fmt::format("--per-token is {}, expected at most {} with --from", flags.per_token, kMostOfAWord));
  }
  const MarianShortlistLimits limits{.frequent = flags.frequent, .per_word = flags.per_token};
  const ShortlistTables tables = ReadMarianShortlist(files, flags.from, limits, vocabs);
  const Shortlist shortlist(ShortlistBytes(tables, vocabs), flags.output, vocabs);
  WriteFileAtomically(files, flags.output, shortlist.bytes());
  ReportSize(flags.output, shortlist, *vocabs.src);
}

void RunShortlist(const ShortlistFlags& flags) {
  Validate(flags);
  FileSystem& files = RealFileSystem();
  const VocabularyPair vocabs = LoadVocabularies(files, ResolveModelDirectory(files, flags.model.path));
  if (!flags.from.empty()) {
    ConvertShortlist(flags, files, vocabs);
    return;
  }
  const TokenPairs pairs = ReadPairs(flags, vocabs);
  const Shortlist shortlist(ShortlistBytes(MakeTables(flags, pairs, vocabs), vocabs), flags.output, vocabs);
  WriteFileAtomically(files, flags.output, shortlist.bytes());
  Report(flags.output, pairs, shortlist);
}

}  // namespace

void AddShortlistCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("shortlist", "Which target tokens a source may become, for fast translation");
  command->footer(kExamples);
  auto flags = std::make_shared<ShortlistFlags>();
  AddModelFlags(*command, &flags->model);
  command->add_option("--src", flags->src, "source lines to learn from, plain or gzip; - is stdin")->type_name("FILE");
  command->add_option("--tgt", flags->tgt, "target lines, likewise")->type_name("FILE");
  command
      ->add_option(
          "--from", flags->from,
          "in place of these, a lexical shortlist of Marian's or Bergamot's for the same model, text (lex.s2t) "
          "or binary (lex.50.50.ende.s2t.bin)")
      ->type_name("FILE");
  command->add_option("--output", flags->output, "file for the shortlist")->required()->type_name("FILE");
  const FlagRegistrar flag{command};
  flag("per_token", flags->per_token, "target tokens listed for each source token");
  flag("frequent", flags->frequent, "target tokens that any source may become: the most frequent ones");
  flag("max_pairs", flags->max_pairs, "learn from a random sample of so many pairs, where there are more");
  command->callback([command, flags] {
    flags->has_limits = command->count("--per-token") + command->count("--frequent") > 0;
    flags->has_max_pairs = command->count("--max-pairs") > 0;
    RunShortlist(*flags);
  });
}

}  // namespace dragoman
