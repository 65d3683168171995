// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/error.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

class EvalCommandTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const auto path = std::filesystem::path(testing::TempDir()) / ("eval_command_test_" + name);
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  // Scores the hypotheses that stand in the text, or in options.hypotheses when there is none.
  std::string Run(EvalOptions options, const std::optional<std::string>& hypotheses = std::nullopt) {
    if (hypotheses) options.hypotheses = Write("hyp", *hypotheses);
    std::ostringstream out;
    RunEval(options, out);
    return out.str();
  }
};

TEST_F(EvalCommandTest, QuietPrintsTheBareScore) {
  EvalOptions options;
  options.references = {Write("ref", "the cat sat on the mat\nanother line of some length\n")};
  options.quiet = true;
  EXPECT_EQ(Run(options, "the cat sat on the mat\nanother line of some length\n"), "100.00\n");
  options.width = 0;
  EXPECT_EQ(Run(options, "the cat sat on the mat\nanother line of some length"), "100\n");  // no final line end
}

TEST_F(EvalCommandTest, TextCarriesTheSignature) {
  EvalOptions options;
  options.references = {Write("ref", "我昨天买了两本书，一共35元。\n")};
  options.tokenize = BleuTokenizer::kZh;
  EXPECT_THAT(Run(options, "我昨天买了两本书，共35元。\n"),
              AllOf(StartsWith("BLEU|nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|version:dragoman-"),
                    HasSubstr(" = 78.82 100.0/91.7/81.8/70.0 (BP = 0.926 ratio = 0.929 hyp_len = 13 ref_len = 14)\n")));
}

TEST_F(EvalCommandTest, ATokenizerThatFindsNoWordsIsWarnedOfAndTheScoreStays) {
  struct Case {
    std::string text;
    EvalMetric metric;
    BleuTokenizer tokenize;
    std::string score, warning;
  };
  const std::string chinese = "我昨天买了两本书。\n", thai = "ฉันซื้อหนังสือสองเล่ม\n",
                    russian = "Рыжий кот спит на диване\n";
  for (const Case& c :
       {Case{chinese, EvalMetric::kBleu, BleuTokenizer::k13a, "0.00\n", "give --tokenize zh\n"},
        {chinese, EvalMetric::kBleu, BleuTokenizer::kZh, "100.00\n", ""},
        {thai, EvalMetric::kBleu, BleuTokenizer::k13a, "0.00\n", "give --tokenize char\n"},
        {russian, EvalMetric::kBleu, BleuTokenizer::k13a, "100.00\n", ""},
        {chinese, EvalMetric::kChrf, BleuTokenizer::k13a, "100.00\n", ""},
        {russian, EvalMetric::kRouge, BleuTokenizer::k13a, "0.00 0.00 0.00\n", "give --tokenize zh, "},
        {russian, EvalMetric::kRouge, BleuTokenizer::kZh, "100.00 100.00 100.00\n", ""},
        {thai, EvalMetric::kRouge, BleuTokenizer::kZh, "100.00 0.00 100.00\n", "give --metric chrf\n"}}) {
    EvalOptions options;
    options.metrics = {c.metric};
    options.tokenize = c.tokenize;
    options.references = {Write("ref", c.text)};
    options.quiet = true;
    testing::internal::CaptureStderr();
    EXPECT_EQ(Run(options, c.text), c.score);
    const std::string err = testing::internal::GetCapturedStderr();
    EXPECT_THAT(err, c.warning.empty() ? testing::Matcher<std::string>("")
                                       : AllOf(StartsWith("warning: "), HasSubstr(c.warning)))
        << c.text;
  }
}

TEST_F(EvalCommandTest, SeveralMetricsPrintInTheOrderAsked) {
  EvalOptions options;
  options.metrics = {EvalMetric::kRouge, EvalMetric::kExactMatch, EvalMetric::kChrf, EvalMetric::kChrfPlusPlus,
                     EvalMetric::kBleu};
  options.references = {Write("ref", "one two three four\n")};
  options.quiet = true;
  EXPECT_EQ(Run(options, "one two three four\n"), "100.00 100.00 100.00\n100.00\n100.00\n100.00\n100.00\n");
  options.quiet = false;
  EXPECT_THAT(
      Run(options, "one two three four\n"),
      AllOf(StartsWith("ROUGE-1|nrefs:1|tok:en|stem:no|"), HasSubstr("\nROUGE-L|"), HasSubstr("\nexact match|"),
            HasSubstr("= 100.00 (1 of 1)\n"), HasSubstr("\nchrF2|"), HasSubstr("\nchrF2++|"), HasSubstr("\nBLEU|")));
}

TEST_F(EvalCommandTest, JsonHoldsThePartsOfEachScore) {
  EvalOptions options;
  options.metrics = {EvalMetric::kBleu, EvalMetric::kRouge, EvalMetric::kExactMatch};
  options.references = {Write("ref", "a b c d e\nx\n")};
  options.hypotheses = Write("hyp", "a b c d\nx\n");
  options.format = EvalFormat::kJson;
  const auto json = nlohmann::json::parse(Run(options));
  EXPECT_EQ(json.at("bleu").at("sys_len"), 5);
  EXPECT_EQ(json.at("bleu").at("precisions").at(0), 100.0);
  EXPECT_EQ(json.at("rouge").at("rouge1").at("recall"), 90.0);
  EXPECT_EQ(json.at("exact").at("matches"), 1);
}

TEST_F(EvalCommandTest, EachOfSeveralReferencesCounts) {
  EvalOptions options;
  options.metrics = {EvalMetric::kExactMatch};
  options.references = {Write("ref1", "a\nb\n"), Write("ref2", "c\nd\n")};
  options.quiet = true;
  EXPECT_EQ(Run(options, "a\nd\n"), "100.00\n");
}

TEST_F(EvalCommandTest, LineEndsAndByteOrderMarkDoNotCount) {
  EvalOptions options;
  options.metrics = {EvalMetric::kExactMatch, EvalMetric::kChrf};
  options.references = {Write("ref", "\xEF\xBB\xBFone\r\ntwo\r\n")};
  options.quiet = true;
  EXPECT_EQ(Run(options, "one\ntwo\n"), "100.00\n100.00\n");
}

TEST_F(EvalCommandTest, UnequalLineCountsNameBothFilesAndCounts) {
  EvalOptions options;
  options.references = {Write("ref", "a\nb\nc\n")};
  EXPECT_THAT([&] { Run(options, "a\n"); },
              ThrowsMessage<FileError>(AllOf(HasSubstr("test_ref: 3 lines, but "), HasSubstr("test_hyp has 1 line;"))));
  EXPECT_THAT(
      [&] { Run(options, "a\nb\nc\nd\ne\n"); },
      ThrowsMessage<FileError>(AllOf(HasSubstr("test_ref: 3 lines, but "), HasSubstr("test_hyp has 5 lines;"))));
}

TEST_F(EvalCommandTest, BadFilesAreNamed) {
  EvalOptions options;
  options.references = {testing::TempDir() + "no_such_file"};
  EXPECT_THAT([&] { Run(options, "a\n"); }, ThrowsMessage<FileError>(HasSubstr("no_such_file")));
  options.references = {testing::TempDir()};
  EXPECT_THAT([&] { Run(options, "a\n"); }, ThrowsMessage<FileError>(HasSubstr(testing::TempDir())));
  options.references = {Write("ref", "fine\nbr\xFFken\n")};
  EXPECT_THAT([&] { Run(options, "a\nb\n"); }, ThrowsMessage<FileError>(HasSubstr("test_ref:2: ")));
  options.references = {Write("ref", "")};
  EXPECT_THAT([&] { Run(options, ""); }, ThrowsMessage<FileError>(HasSubstr("test_hyp: empty")));
}

TEST_F(EvalCommandTest, OnlyOneInputIsStandardInput) {
  EvalOptions options;
  options.references = {"-"};
  EXPECT_THAT([&] { Run(options); }, ThrowsMessage<OptionError>(HasSubstr("standard input")));
}

TEST_F(EvalCommandTest, CommandLineReachesTheOptions) {
  CLI::App app;
  AddEvalCommand(app);
  const std::string ref = Write("ref", "A b\nc d\n");
  const std::string hyp = Write("hyp", "a b\nc d\n");
  testing::internal::CaptureStdout();
  app.parse("eval --metric exact,chrf --metric rouge --ref " + ref + " --hyp " + hyp +
            " --lowercase --quiet --width 1");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "100.0\n100.0\n100.0 100.0 100.0\n");
}

TEST_F(EvalCommandTest, HelpShowsExamples) {
  CLI::App app;
  AddEvalCommand(app);
  EXPECT_THAT(app.get_subcommand("eval")->help(),
              AllOf(HasSubstr("dragoman eval --metric bleu --tokenize zh"), HasSubstr("13a, zh, intl, char, none")));
}

TEST_F(EvalCommandTest, WrongUseIsAnErrorThatListsTheChoices) {
  CLI::App app;
  AddEvalCommand(app);
  EXPECT_THAT([&] { app.parse("eval --metric bleu,blue --ref x"); },
              ThrowsMessage<OptionError>(HasSubstr("\"blue\", expected bleu, chrf, chrf++, rouge, exact")));
  EXPECT_THAT([&] { app.parse("eval --tokenize 14a --ref x"); }, ThrowsMessage<OptionError>(HasSubstr("--tokenize")));
  EXPECT_THROW(app.parse("eval --metric bleu"), CLI::ParseError);  // no --ref
  EXPECT_THAT([&] { app.parse("eval --width 16 --ref x"); },
              ThrowsMessage<OptionError>(HasSubstr("--width is 16, expected 0 to 15")));
  EXPECT_THAT([&] { app.parse("eval --width 2 --metric chrf,bleu,chrf --ref x"); },
              ThrowsMessage<OptionError>(HasSubstr("--metric names chrf more than once")));
  EXPECT_THROW(Run(EvalOptions(), "a\n"), OptionError);
}

}  // namespace
}  // namespace dragoman
