// SPDX-License-Identifier: Apache-2.0
// dragoman score, eval, average and attention.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/cli/cli_testing.h"

namespace dragoman {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Finished Score(const Args& flags, const std::string& sources, const std::string& targets) {
  return Dragoman(Args{"score", "--model", TinyRun(), "--threads", "1", "--src", WriteScratch("s", sources), "--tgt",
                       WriteScratch("t", targets)} +
                  flags);
}

TEST(ScoreTest, APairIsALineOnStdoutAndTheSumOnStderr) {
  const Finished run = Score({}, "a b\nc d\n\n", "b a\n\nx\n");
  EXPECT_EQ(run.code, 0) << run.err;
  const auto lines = Lines(run.out);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_LT(std::stod(lines[0]), 0);
  EXPECT_LT(std::stod(lines[1]), 0);  // an empty target is </s>
  EXPECT_EQ(lines[2], "nan");         // nothing is known of an empty source
  EXPECT_THAT(run.err, AllOf(HasSubstr("3 pairs, "), HasSubstr("perplexity "),
                             HasSubstr("left 1 pair with an empty source out")));
  EXPECT_THAT(run.err, Not(HasSubstr("nan, perplexity")));
  EXPECT_TRUE(json::parse(Score({"--format", "jsonl"}, "\n", "x\n").out).at("log_prob").is_null());
  EXPECT_EQ(Score({"--quiet"}, "a b\n", "b a\n").err, "");
}

TEST(ScoreTest, FormatsAgree) {
  const std::string sources = "a b\nc d e\n", targets = "b a\ne d c\n";
  const auto sums = Lines(Score({}, sources, targets).out);
  const auto means = Lines(Score({"--per-token"}, sources, targets).out);
  const auto objects = Lines(Score({"--format", "jsonl"}, sources, targets).out);
  ASSERT_EQ(objects.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const json object = json::parse(objects[i]);
    double sum = 0;
    for (const double token : object.at("token_log_probs")) sum += token;
    EXPECT_EQ(object.at("line"), i);
    EXPECT_EQ(object.at("truncated"), false);
    EXPECT_NEAR(object.at("log_prob"), sum, 1e-9);
    EXPECT_NEAR(std::stod(sums[i]), sum, 1e-6);
    EXPECT_NEAR(std::stod(means[i]), sum / object.at("tokens").get<double>(), 1e-6);
  }
}

TEST(ScoreTest, CutLinesAreScoredAsTheirText) {
  const std::string sources = "a b\nc d e\n\n", targets = "b a\ne d c\nx\n";
  const std::string expected = Score({}, sources, targets).out;
  for (const std::string form : {"pieces", "ids"}) {
    const auto cut = [&](const std::string& text, const char* side) {
      return Dragoman({"encode", "--model", TinyRun(), "--side", side, "--output-format", form}, text).out;
    };
    const Finished run = Score({"--" + form}, cut(sources, "src"), cut(targets, "tgt"));
    EXPECT_EQ(run.out, expected);
    EXPECT_THAT(run.err, AllOf(HasSubstr("perplexity "), Not(HasSubstr("per word")))) << "nobody knows of words";
    const Args summary = {"--" + form, "--summary"};
    EXPECT_THAT(Score(summary, cut(sources, "src"), cut(targets, "tgt")).out, Not(HasSubstr("per word")));
    const json object =
        json::parse(Score(summary + Args{"--format", "jsonl"}, cut(sources, "src"), cut(targets, "tgt")).out);
    EXPECT_TRUE(object.at("word_perplexity").is_null());
  }
  const Finished run = Score({"--ids"}, "5\n6\n", "5\n6 x\n");
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, HasSubstr("target:2: \"x\" is not an id"));
}

TEST(ScoreTest, TheSummaryHasThePerplexityPerTokenAndPerWord) {
  const std::string sources = "a b\nc d e\n\n", targets = "b a\ne  d c\nx\n";  // 3 + 4 words, the last not scored
  double sum = 0, tokens = 0;
  for (const std::string& line : Lines(Score({"--format", "jsonl"}, sources, targets).out)) {
    const json object = json::parse(line);
    if (object.at("log_prob").is_null()) continue;
    sum += object.at("log_prob").get<double>();
    tokens += object.at("tokens").get<double>();
  }
  const Finished run = Score({"--summary", "--format", "jsonl"}, sources, targets);
  ASSERT_EQ(Lines(run.out).size(), 1u);
  EXPECT_THAT(run.err, Not(HasSubstr("perplexity")));
  const json summary = json::parse(run.out);
  EXPECT_EQ(summary.at("pairs"), 3);
  EXPECT_EQ(summary.at("tokens"), tokens);
  EXPECT_EQ(summary.at("words"), 7);
  EXPECT_EQ(summary.at("without_source"), 1);
  EXPECT_NEAR(summary.at("log_prob"), sum, 1e-9);
  EXPECT_NEAR(summary.at("perplexity"), std::exp(-sum / tokens), 1e-9);
  EXPECT_NEAR(summary.at("word_perplexity"), std::exp(-sum / 7), 1e-9);
  const std::string text = Score({"--summary", "--quiet"}, sources, targets).out;
  EXPECT_THAT(text, AllOf(StartsWith("perplexity = "), HasSubstr(" (per word = "), HasSubstr("; 3 pairs, "),
                          HasSubstr(", 7 words)\n")));
  EXPECT_NEAR(std::stod(text.substr(13)), std::exp(-sum / tokens), 1e-4);
  EXPECT_THAT(Score({}, sources, targets).err, HasSubstr(" per word)\n"));
}

TEST(ScoreTest, UnequalFilesAreAFailure) {
  const Finished run = Score({}, "a\nb\n", "a\n");
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(Lines(run.err).size(), 1u) << run.err;
}

TEST(ScoreTest, EmptyFilesAreAFailure) {
  const Finished run = Score({}, "", "");
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, HasSubstr("empty; expected at least one line to score"));
}

// A model that gives no finite number for a source with an unknown character: their row of the embedding overflows.
const std::string& PoisonedModel() {
  static const std::string model = [] {
    const std::string run = Scratch("poisoned"), weights = "poisoned/last/model.safetensors";
    const Finished trained = Dragoman(TinyTraining() + Args{"--tying", "decoder", "--max-steps", "1", "--output", run});
    EXPECT_EQ(trained.code, 0) << trained.err;
    std::string bytes = FileText(Scratch(weights));
    uint64_t header = 0;
    std::memcpy(&header, bytes.data(), sizeof(header));
    const json tensors = json::parse(bytes.substr(sizeof(header), header));
    const size_t first = tensors.at("src_embed.weight").at("data_offsets")[0];  // the row of <unk>
    const float huge = std::numeric_limits<float>::max();  // finite, but no more so when it is multiplied
    std::memcpy(&bytes[sizeof(header) + header + first], &huge, sizeof(huge));
    WriteScratch(weights, bytes);
    EXPECT_EQ(Bash("rm " + run + "/last/MANIFEST.json").code, 0);
    return run + "/last";
  }();
  return model;
}

Finished ScorePoisoned(const Args& flags, const std::string& sources, const std::string& targets) {
  return Dragoman(Args{"score", "--model", PoisonedModel(), "--threads", "1", "--src", WriteScratch("s", sources),
                       "--tgt", WriteScratch("t", targets)} +
                  flags);
}

TEST(ScoreTest, WithoutAFiniteNumberALineHasAnError) {
  const std::string sources = "a b\n我\n\nc\n", targets = "b a\nb\nx\nc\n";
  const Finished run = ScorePoisoned({}, sources, targets);
  EXPECT_EQ(run.code, 0) << run.err;
  const auto lines = Lines(run.out);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[1], "");
  EXPECT_EQ(lines[2], "nan");  // an empty source is another matter
  EXPECT_LT(std::stod(lines[0]), 0);
  EXPECT_LT(std::stod(lines[3]), 0);
  EXPECT_THAT(run.err, AllOf(HasSubstr("input line 2: the model gives no finite log-probability"),
                             HasSubstr("1 pair could not be scored"), HasSubstr("left 1 pair with an empty source"),
                             HasSubstr("perplexity "), Not(HasSubstr("perplexity nan"))));
  const auto objects = Lines(ScorePoisoned({"--format", "jsonl"}, sources, targets).out);
  ASSERT_EQ(objects.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    const json object = json::parse(objects[i]);
    EXPECT_EQ(object.contains("error"), i == 1);
    EXPECT_EQ(object.at("log_prob").is_null(), i == 1 || i == 2);
    EXPECT_EQ(object.at("unknown"), i == 1 || i == 2 ? 1 : 0);  // of the target, too
  }
}

TEST(ScoreTest, WithoutAnyScoreItIsAFailure) {
  const Finished run = ScorePoisoned({"--quiet"}, "我\n\n你\n", "a\nb\nc\n");
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(Lines(run.out).size(), 3u);
  EXPECT_THAT(run.err,
              AllOf(HasSubstr("input line 1: "), HasSubstr("input line 3: "), HasSubstr("no pair could be scored")));
  EXPECT_EQ(Dragoman({"translate", "--model", PoisonedModel()}, "我\n\n你\n").code, 1) << "nor does translate";
  const Finished empty = Score({}, "\n", "x\n");
  EXPECT_EQ(empty.code, 0);
  EXPECT_THAT(empty.err, AllOf(HasSubstr("1 pair, of which none has a score"), Not(HasSubstr("perplexity"))));
}

TEST(ScoreTest, CharactersThatTheVocabularyLacksAreCounted) {
  EXPECT_THAT(Score({}, "a 你好\na\n", "b a\n世 b\n").err,
              HasSubstr("the vocabulary lacks 3 characters of 2 pairs, scored as <unk>"));
}

TEST(EvalTest, ReadsHypothesesFromStdin) {
  const Args eval = {
      "eval", "--metric", "bleu", "--tokenize", "13a", "--ref", WriteScratch("ref", "the cat sat down .\n")};
  const Finished run = Dragoman(eval, "the cat sat down .\n");
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, AllOf(StartsWith("BLEU|"), HasSubstr("|tok:13a|"), HasSubstr(" = 100.00 ")));
  EXPECT_EQ(Dragoman(eval + Args{"--quiet"}, "the cat sat down .\n").out, "100.00\n");
}

TEST(EvalTest, ExitCodesTellFailureFromWrongUse) {
  const std::string ref = WriteScratch("ref", "a\nb\n");
  EXPECT_EQ(Dragoman({"eval", "--metric", "bleu", "--ref", ref}, "a\n").code, 1);  // another number of lines
  EXPECT_EQ(Dragoman({"eval", "--metric", "bleu", "--ref", ref + "no"}, "a\n").code, 1);
  EXPECT_EQ(Dragoman({"eval", "--metric", "blue", "--ref", ref}, "a\nb\n").code, 2);
  EXPECT_EQ(Dragoman({"eval", "--metric", "bleu"}, "a\nb\n").code, 2);
  EXPECT_EQ(Dragoman({"eval", "--metric", "bleu", "--width", "99", "--ref", ref}, "a\nb\n").code, 2);
}

TEST(EvalTest, SeveralSystemsAreATable) {
  const std::string ref = WriteScratch("ref", "the cat sat on the mat\none two three four\n");
  const std::string a = WriteScratch("a", "the cat sat on a mat\none two three\n");
  const std::string b = WriteScratch("b", "the cat sat on the mat\none two three four\n");
  const Finished run = Dragoman({"eval", "--ref", ref, "--hyp", a, "--hyp", b, "--metric", "ter,exact", "--paired",
                                 "randomisation", "--trials", "50", "--seed", "7"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, AllOf(StartsWith("TER|nrefs:1|bs:1000|ar:50|seed:7|case:lc|"), HasSubstr("\n  " + b + "  "),
                             HasSubstr("(paired randomisation, 50 trials)"), HasSubstr("  baseline\n")));
  const std::string error = Dragoman({"eval", "--ref", ref, "--hyp", a, "--resamples", "0"}).err;
  EXPECT_THAT(error, HasSubstr("--resamples is 0, expected 1 to 1000000"));
}

TEST(EvalTest, AFullDiskIsAFailure) {
  const std::string file = WriteScratch("ref", "a\n");
  const Finished run = Bash("\"$DRAGOMAN\" eval --metric bleu --ref " + file + " --hyp " + file + " > /dev/full");
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, HasSubstr("stdout: cannot be written"));
}

TEST(AverageTest, TheMeanOfTwoCheckpointsTranslates) {
  const std::string output = Scratch("averaged");
  const Finished run =
      Dragoman({"average", "--output", output, TinyRun() + "/step-00000010", TinyRun() + "/step-00000020"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(Dragoman({"translate", "--model", output}, "a b\n").code, 0);
  EXPECT_EQ(Dragoman({"average", "--output", output, TinyRun()}).code, 0);  // again, over the old one
}

TEST(AverageTest, TakesTheBestCheckpointsOfARun) {
  const std::string output = Scratch("averaged best");
  const Finished run = Dragoman({"average", "--output", output, "--best", "2", TinyRun()});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.err, output + ": the mean of 2 models\n");
  const std::string by_name = Scratch("averaged by name");
  Dragoman({"average", "--output", by_name, TinyRun() + "/step-00000020", TinyRun() + "/step-00000010"});
  EXPECT_EQ(FileText(output + "/model.safetensors"), FileText(by_name + "/model.safetensors"));
  const Finished more = Dragoman({"average", "--output", output, "--best", "3", TinyRun()});
  EXPECT_EQ(more.code, 2);
  EXPECT_THAT(more.err,
              HasSubstr(TinyRun() + " holds 2 checkpoints with a validation score, expected the 3 of --best"));
  EXPECT_EQ(Dragoman({"average", "--output", output, "--best", "-1", TinyRun()}).code, 2);
}

TEST(AverageTest, RunsAndCheckpointsAreNotOverwritten) {
  for (const std::string& output : {TinyRun(), TinyRun() + "/best", TinyRun() + "/step-00000010"}) {
    const Finished run =
        Dragoman({"average", "--output", output, TinyRun() + "/step-00000010", TinyRun() + "/step-00000020"});
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.err, HasSubstr(output + " "));
  }
}

TEST(QuantizeTest, TheRoundedModelTranslatesAsPrecisionDoes) {
  const std::string src = WriteScratch("quantize.src", "a b c\nd e f g\n"),
                    tgt = WriteScratch("quantize.tgt", "c b a\ng f e d\n");
  for (const std::string to : {"int8", "bf16", "f16"}) {
    SCOPED_TRACE(to);
    const std::string output = Scratch("rounded");
    const Finished run =
        Dragoman({"quantize", "--model", TinyRun(), "--to", to, "--output", output, "--src", src, "--tgt", tgt});
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out,
                testing::ContainsRegex("^weights: 0.[0-9] MB, [2-6][0-9].[0-9] % of 0.[0-9] MB\nBLEU = .*\nchrF2 = "));
    const Finished packed = Dragoman({"translate", "--model", output, "--n-best", "2"}, "a b c\nd e\n");
    EXPECT_EQ(packed.code, 0) << packed.err;
    const Finished at_start =
        Dragoman({"translate", "--model", TinyRun(), "--precision", to, "--n-best", "2"}, "a b c\nd e\n");
    EXPECT_EQ(packed.out, at_start.out);
    EXPECT_EQ(Dragoman({"score", "--model", output, "--src", src, "--tgt", tgt}).out,
              Dragoman({"score", "--model", TinyRun(), "--precision", to, "--src", src, "--tgt", tgt}).out);
    const Finished info = Dragoman({"info", "--verify", "--json", output});
    EXPECT_EQ(info.code, 0) << info.out;
    EXPECT_THAT(info.out, HasSubstr("\"packed\": \"" + to + "\""));
  }
}

TEST(QuantizeTest, WhatCannotBeRoundedIsSaid) {
  const std::string output = Scratch("rounded once");
  EXPECT_EQ(Dragoman({"quantize", "--model", TinyRun(), "--output", output}).code, 0);
  const auto expect_error = [](const Args& args, const std::string& what, int code) {
    const Finished run = Dragoman(args);
    EXPECT_EQ(run.code, code);
    EXPECT_THAT(run.err, HasSubstr(what));
  };
  expect_error({"quantize", "--model", output, "--output", Scratch("twice")}, "take the model that it was made of", 1);
  expect_error({"attention", "--model", output, "a b"}, "take the model that it was made of", 1);
  expect_error({"quantize", "--model", TinyRun(), "--output", TinyRun()}, TinyRun() + " ", 2);
  expect_error({"quantize", "--model", TinyRun(), "--output", output, "--to", "f32"}, "--to is f32", 2);
  expect_error({"quantize", "--model", TinyRun(), "--output", output, "--src", "x"}, "--src and --tgt", 2);
  expect_error({"translate", "--model", output, "--precision", "bf16"}, "--precision is bf16, but the weights", 2);
}

// A vocabulary for each side, whose settings number them for the one table that the model has: the same model.
TEST(ModelTest, TwoVocabulariesMayShareOneTable) {
  const std::string two = Scratch("two vocabularies"), src = WriteScratch("two.src", "a b c\nd e f g\n"),
                    tgt = WriteScratch("two.tgt", "c b a\ng f e d\n");
  ASSERT_EQ(
      Bash("mkdir '" + two + "' && cd '" + two + "' && cp " + TinyRun() + "/best/{config.json,model.safetensors} . &&" +
           " cp " + TinyRun() + "/best/vocab.model src.model && cp src.model tgt.model")
          .code,
      0);
  const json config = json::parse(FileText(two + "/config.json"));
  ASSERT_EQ(config.at("tying"), "all");
  json ids = json::array();
  for (int id = 0; id < config.at("src_vocab"); ++id) ids.push_back(id);
  WriteScratch("two vocabularies/tokenizer_settings.json",
               json{{"format", "dragoman-tokenizer-1"}, {"src", {{"ids", ids}}}, {"tgt", {{"ids", ids}}}}.dump());
  const Args translate = {"translate", "--n-best", "2"}, score = {"score", "--src", src, "--tgt", tgt};
  for (const Args& command : {translate, score}) {
    const Finished found = Dragoman(command + Args{"--model", two}, "a b c\nd e\n");
    EXPECT_EQ(found.code, 0) << found.err;
    EXPECT_EQ(found.out, Dragoman(command + Args{"--model", TinyRun()}, "a b c\nd e\n").out);
  }
  const Finished info = Dragoman({"info", "--verify", two});
  EXPECT_EQ(info.code, 0) << info.out << info.err;
  const std::string rounded = Scratch("two rounded"), list = Scratch("two list"), tuned = Scratch("two tuned");
  EXPECT_EQ(Dragoman({"quantize", "--model", two, "--output", rounded}).code, 0);
  const auto with_list = [&](const std::string& model) {
    const Args few = {"--src", src, "--tgt", tgt, "--frequent", "1", "--per-token", "1", "--output", list};
    EXPECT_EQ(Dragoman(Args{"shortlist", "--model", model} + few).code, 0);
    return Dragoman({"translate", "--model", model, "--shortlist", list, "--n-best", "3"}, "a b c\nh\n").out;
  };
  EXPECT_EQ(with_list(TinyRun()), with_list(two)) << "what is in the source may be said as it is";
  EXPECT_NE(with_list(two), "");
  EXPECT_EQ(Dragoman({"translate", "--model", rounded, "--shortlist", list}, "a b c\n").code, 0);
  const Finished trained = Dragoman({"train", "--init-from", two, "--train-src", src, "--train-tgt", tgt, "--output",
                                     tuned, "--max-steps", "2", "--threads", "1"});
  EXPECT_EQ(trained.code, 0) << trained.err;
  EXPECT_EQ(Dragoman({"train", "--output", tuned, "--resume", "--max-steps", "3"}).code, 0);
  EXPECT_EQ(Dragoman({"average", "--output", Scratch("two averaged"), tuned + "/last", tuned + "/last"}).code, 0);
  EXPECT_THAT(FileText(tuned + "/last/tokenizer_settings.json"), HasSubstr("\"tgt\""));
}

TEST(ShortlistTest, WhatIsSaidIsInTheList) {
  const std::string src = WriteScratch("shortlist.src", "a b c\nd e f g\na c\nb\n"),
                    tgt = WriteScratch("shortlist.tgt", "c b a\ng f e d\nc a\nb\n"), output = Scratch("list");
  const Finished made = Dragoman({"shortlist", "--model", TinyRun(), "--src", src, "--tgt", tgt, "--output", output,
                                  "--frequent", "1", "--per-token", "1"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.err, testing::ContainsRegex("list: learnt from 4 of 4 pairs; [0-9.]+ tokens a sentence, which hold "
                                               "[0-9.]+ % of the target's own"));
  for (const std::string precision : {"f32", "int8"}) {
    const Finished run = Dragoman({"translate", "--model", TinyRun(), "--precision", precision, "--shortlist", output},
                                  "b\nd e f g\n\n");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(std::count(run.out.begin(), run.out.end(), '\n'), 3);
    EXPECT_EQ(run.out.substr(0, run.out.find('\n')).find_first_of("acdefg"), std::string::npos) << run.out;
  }
}

TEST(ShortlistTest, WhatDoesNotFitIsSaid) {
  const std::string text = WriteScratch("shortlist.text", "a b c\n");
  const auto expect_error = [](const Args& args, const std::string& what, int code) {
    const Finished run = Dragoman(args);
    EXPECT_EQ(run.code, code);
    EXPECT_THAT(run.err, HasSubstr(what));
  };
  const Args make = {"shortlist", "--model", TinyRun(), "--src", text, "--tgt", text, "--output"};
  const auto with = [](Args args, const Args& more) {
    args.insert(args.end(), more.begin(), more.end());
    return args;
  };
  expect_error(with(make, {Scratch("list"), "--per-token", "0"}), "--per-token is 0, expected 1 or more", 2);
  expect_error(with(make, {"-"}), "--output is -, expected a file", 2);
  expect_error(with(make, {text}), text, 2);
  expect_error({"translate", "--model", TinyRun(), "--shortlist", text}, text + ": ", 1);
  expect_error({"translate", "--model", TinyRun(), "--shortlist", TinyRun() + "/best/model.safetensors"},
               "no shortlist; expected a file that `dragoman shortlist` has made", 1);
}

// Of the test's run, with a model's vocabulary that has no </s>.
TEST(ModelTest, AVocabularyWithoutEndOfSentenceIsRefusedByEveryCommand) {
  const std::string model = Scratch("without end"), line = WriteScratch("line", "a b\n");
  ASSERT_EQ(Bash("cp -rL " + TinyRun() + "/best '" + model + "' && rm '" + model + "/MANIFEST.json'").code, 0);
  std::string vocab = FileText(model + "/vocab.model");
  vocab.replace(vocab.find("</s>"), 4, "<ss>");
  WriteScratch("without end/vocab.model", vocab);
  const Args train = TinyTraining() + Args{"--max-steps", "1", "--output", Scratch("none")};
  Args train_with = train;
  std::replace(train_with.begin(), train_with.end(), Scratch("V.model"), model + "/vocab.model");
  for (const Args& args : {Args{"translate", "--model", model},
                           {"score", "--model", model, "--src", line, "--tgt", line},
                           {"attention", "--model", model, "a b"},
                           {"average", "--output", Scratch("no mean"), model},
                           train + Args{"--init-from", model},
                           train_with}) {
    const Finished run = Dragoman(args, "a b\n");
    EXPECT_EQ(run.code, 1) << args[0];
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, StartsWith("dragoman: " + model + "/vocab.model: it has no </s>")) << args[0];
    EXPECT_EQ(Lines(run.err).size(), 1u) << run.err;
  }
}

Finished Attention(const Args& args) { return Dragoman(Args{"attention", "--model", TinyRun()} + args); }

TEST(AttentionTest, DrawsInTheTerminalAndAsSvg) {
  const std::string svg = Scratch("a.svg");
  const Finished run = Attention({"--svg", svg, "a b c"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("Cross-attention, mean of all layers, mean of all heads\n"));
  EXPECT_THAT(run.out, HasSubstr("</s>"));
  EXPECT_THAT(FileText(svg), AllOf(StartsWith("<svg xmlns="), HasSubstr("</svg>\n")));
  const Finished to_stdout = Attention({"--svg", "-", "a b c"});
  EXPECT_EQ(to_stdout.code, 0) << to_stdout.err;
  EXPECT_EQ(to_stdout.out, FileText(svg));
}

TEST(AttentionTest, TheSvgIsWellFormedWhateverTheTextHolds) {
  const std::string svg = Scratch("b.svg");
  EXPECT_EQ(Attention({"--svg", svg, "--target", "'<&\"]]>\x01\xFF", "<&\"]]>", "\x1B", "\xEF\xBF\xBF"}).code, 0);
  if (Bash("python3 -c 'import xml.dom.minidom'").code != 0) GTEST_SKIP() << "python3 is missing, which reads the SVG";
  const Finished check = Bash("python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' " + svg);
  EXPECT_EQ(check.code, 0) << check.err;
}

TEST(AttentionTest, TheSvgIsThereEvenWhenNobodyReadsTheText) {
  const std::string svg = Scratch("c.svg");
  EXPECT_EQ(Bash("\"$DRAGOMAN\" attention --model " + TinyRun() + " --svg " + svg + " a b c > /dev/full").code, 1);
  EXPECT_THAT(FileText(svg), HasSubstr("</svg>\n"));
}

// What is open is written to, behind what it holds; it is no name to put another file at.
TEST(AttentionTest, TheSvgMayGoToDevStdout) {
  const std::string file = WriteScratch("stdout.txt", "before\n");
  ASSERT_EQ(Bash("\"$DRAGOMAN\" attention --model " + TinyRun() + " --svg /dev/stdout a b c >> " + file).code, 0);
  EXPECT_THAT(FileText(file), AllOf(StartsWith("before\n<"), HasSubstr("</svg>\n"), HasSubstr("Cross-attention")));
}

TEST(AttentionTest, LooksAtTheTranslationThatTranslateFinds) {
  const std::string sentence = "a b c d e f g h";
  const std::string best = Attention({sentence}).out;
  EXPECT_EQ(Attention({"--beam-size", "4", "--stopping", "first", sentence}).out, best);
  const Finished sampled = Attention({"--sample", "--temperature", "9", "--max-length", "1", sentence});
  EXPECT_NE(sampled.out, best);
  EXPECT_THAT(sampled.err, HasSubstr("cut at the length limit"));
  EXPECT_EQ(Attention({"--beam-size", "0", sentence}).code, 2);
}

TEST(AttentionTest, WordsNeedNoQuotes) { EXPECT_EQ(Attention({"a", "b", "c"}).out, Attention({"a b c"}).out); }

TEST(AttentionTest, OfIdsIsThatOfTheirText) {
  const auto ids = [](const std::string& text, const char* side) {
    return Lines(Dragoman({"encode", "--model", TinyRun(), "--side", side, "--output-format", "ids"}, text).out)[0];
  };
  EXPECT_EQ(Attention({"--ids", ids("a b c", "src")}).out, Attention({"a b c"}).out);
  EXPECT_EQ(Attention({"--ids", "--target", ids("c b", "tgt"), ids("a b c", "src")}).out,
            Attention({"--target", "c b", "a b c"}).out);
  EXPECT_THAT(Attention({"--ids", "x"}).err, HasSubstr("source:1: \"x\" is not an id"));
}

TEST(AttentionTest, ShowsAGivenTranslationOneLayerAndOneHead) {
  const Finished run = Attention({"--target", "h g", "--layer", "0", "--head", "1", "a b"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("Cross-attention, layer 0, head 1\n"));
  EXPECT_THAT(run.out, HasSubstr("h"));
}

TEST(AttentionTest, WhatIsNotThereIsWrongUse) {
  for (const auto& [args, message] : std::vector<std::pair<Args, std::string>>{{{"--layer", "1", "a"}, "--layer 1"},
                                                                               {{"--head", "2", "a"}, "--head 2"},
                                                                               {{""}, "the sentence is empty"},
                                                                               {{"  "}, "the sentence is empty"}}) {
    const Finished run = Attention(args);
    EXPECT_EQ(run.code, 2) << run.err;
    EXPECT_THAT(run.err, HasSubstr(message));
    EXPECT_EQ(run.out, "");
  }
}

TEST(AttentionTest, AnOverlongSentenceIsReported) {
  const Finished run = Attention({std::string(100, 'a')});
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(run.err, HasSubstr("the sentence is longer than the model's 20 tokens"));
  EXPECT_THAT(Attention({"--target", std::string(100, 'a'), "a"}).err,
              HasSubstr("the target is longer than the model's 30 tokens"));
  EXPECT_THAT(Attention({"a\xFF"}).err, HasSubstr("invalid UTF-8"));
  EXPECT_THAT(Attention({"a 你好"}).err, HasSubstr("the vocabulary lacks 2 characters"));
}

}  // namespace
}  // namespace dragoman
