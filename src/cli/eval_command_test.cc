// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "cli/eval_report.h"

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
    if (hypotheses) options.hypotheses = {Write("hyp", *hypotheses)};
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

TEST_F(EvalCommandTest, SentenceLevelPrintsTheScoresOfEachLineByItself) {
  const std::vector<std::string> references = {"the cat sat on the mat", "a dog", "", "one two three"};
  const std::vector<std::string> hypotheses = {"the cat sat on a mat", "a dog", "", "four"};
  const auto join = [](const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  };
  EvalOptions options;
  options.metrics = {EvalMetric::kChrf, EvalMetric::kRouge, EvalMetric::kExactMatch};
  options.sentence_level = true;
  std::string want;
  for (size_t i = 0; i < references.size(); ++i) {
    EvalOptions alone = options;
    alone.sentence_level = false;
    alone.quiet = true;
    alone.references = {Write("one", references[i] + "\n")};
    std::string scores = Run(alone, hypotheses[i] + "\n");
    std::replace(scores.begin(), scores.end() - 1, '\n', ' ');
    want += scores;
  }
  options.references = {Write("ref", join(references))};
  EXPECT_EQ(Run(options, join(hypotheses)), want);

  options.metrics = {EvalMetric::kBleu};
  EXPECT_THAT(Run(options, join(hypotheses)), HasSubstr("\n100.00\n0.00\n")) << "two words have no word 4-gram";
  options.format = EvalFormat::kJson;
  std::istringstream lines(Run(options, join(hypotheses)));
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto bleu = nlohmann::json::parse(line).at("bleu");
    EXPECT_EQ(bleu.at("score") > 99, count == 1);
    EXPECT_THAT(bleu.at("signature"), HasSubstr("|eff:yes|"));
  }
  EXPECT_EQ(count, 4u);
}

TEST_F(EvalCommandTest, SentenceLevelIsOfOneSystemWithoutIntervals) {
  EvalOptions options;
  options.references = {Write("ref", "a\n")};
  options.sentence_level = options.confidence = true;
  EXPECT_THAT([&] { Run(options, "a\n"); }, ThrowsMessage<OptionError>(HasSubstr("--sentence-level prints")));
  options.confidence = false;
  options.hypotheses = {Write("h1", "a\n"), Write("h2", "b\n")};
  EXPECT_THAT([&] { Run(options); }, ThrowsMessage<OptionError>(HasSubstr("give --hyp once")));
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
        {thai, EvalMetric::kRouge, BleuTokenizer::kZh, "100.00 0.00 100.00\n", "give --metric chrf\n"},
        {chinese, EvalMetric::kTer, BleuTokenizer::k13a, "0.00\n", "give --ter-normalized --ter-asian-support\n"},
        {thai, EvalMetric::kTer, BleuTokenizer::k13a, "0.00\n", "give --metric chrf\n"},
        {russian, EvalMetric::kTer, BleuTokenizer::k13a, "0.00\n", ""},
        {russian, EvalMetric::kRougeLsum, BleuTokenizer::k13a, "0.00\n", "give --tokenize zh, "},
        {"one line", EvalMetric::kRougeLsum, BleuTokenizer::k13a, "100.00\n", "as --sentence-separator\n"},
        {"one<n>line", EvalMetric::kRougeLsum, BleuTokenizer::k13a, "100.00\n", ""}}) {
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
  options.hypotheses = {Write("hyp", "a b c d\nx\n")};
  options.format = EvalFormat::kJson;
  const auto json = nlohmann::json::parse(Run(options));
  EXPECT_EQ(json.at("bleu").at("sys_len"), 5);
  EXPECT_EQ(json.at("bleu").at("precisions").at(0), 100.0);
  EXPECT_EQ(json.at("rouge").at("rouge1").at("recall"), 90.0);
  EXPECT_EQ(json.at("exact").at("matches"), 1);
}

TEST_F(EvalCommandTest, JsonOfEveryMetricHasItsScoresAndSignature) {
  EvalOptions options;
  options.metrics.clear();
  for (const auto& [name, metric] : NamesOf(EvalMetric())) options.metrics.push_back(metric);
  options.references = {Write("ref", "a b c d<n>e\nx\n")};
  options.hypotheses = {Write("hyp", "a b c d<n>e\nx y\n")};
  options.format = EvalFormat::kJson;
  for (const bool confidence : {false, true}) {
    options.confidence = confidence;
    const auto json = nlohmann::json::parse(Run(options));
    for (const auto& [name, metric] : NamesOf(EvalMetric())) {
      const auto& of_metric = json.at(std::string(name));
      EXPECT_EQ(of_metric.at("signature").get<std::string>().find("|bs:1000|seed:12345|") != std::string::npos,
                confidence);
      for (const ScoreName& score : MakeReport(metric, options)->metric().ScoreNames()) {
        const auto& of_score = score.key.empty() ? of_metric : of_metric.at(score.key);
        EXPECT_TRUE(of_score.contains("score") || of_score.contains("f1")) << score.name;
        EXPECT_EQ(of_score.contains("mean") && of_score.contains("ci"), confidence) << score.name;
      }
    }
  }
}

TEST_F(EvalCommandTest, EveryTerFlagReachesTheMetric) {
  const std::string ref = Write("ref", "Das Haus, 大 (neu)\n"), hyp = Write("hyp", "das Haus 大。 neu\n");
  const auto score = [&](const std::string& flags) {
    CLI::App app;
    AddEvalCommand(app);
    testing::internal::CaptureStdout();
    app.parse("eval --metric ter --quiet --ref " + ref + " --hyp " + hyp + " " + flags);
    return testing::internal::GetCapturedStdout();
  };
  EXPECT_EQ(score(""), "75.00\n");                       // Haus, 大。 neu
  EXPECT_EQ(score("--ter-case-sensitive"), "100.00\n");  // and das
  EXPECT_EQ(score("--ter-no-punct"), "25.00\n");         // 大。
  EXPECT_EQ(score("--ter-no-punct --ter-asian-support"), "0.00\n");
  EXPECT_EQ(score("--ter-normalized"), "57.14\n");                      // , ( ) missing, 大。
  EXPECT_EQ(score("--ter-normalized --ter-asian-support"), "42.86\n");  // , missing; 。 for ( ; ) missing
}

TEST_F(EvalCommandTest, ConfidenceStandsBehindTheScore) {
  EvalOptions options;
  options.metrics = {EvalMetric::kExactMatch, EvalMetric::kSquad};
  options.references = {Write("ref", "a\nb\nc\nd\n")};
  options.confidence = true;
  const std::string text = Run(options, "a\nb\nx\ny\n");
  EXPECT_THAT(text, testing::MatchesRegex("exact match\\|nrefs:1\\|bs:1000\\|seed:12345\\|case:mixed\\|.* = 50.00 "
                                          "\\(μ = [45][0-9].[0-9]+ ± 50.00\\) \\(2 of 4\\)\n.*"));
  options.resampling.seed = 2;
  EXPECT_NE(Run(options, "a\nb\nx\ny\n"), text);
}

TEST_F(EvalCommandTest, SeveralSystemsStandBesideEachOther) {
  EvalOptions options;
  options.metrics = {EvalMetric::kTer, EvalMetric::kSquad};
  options.references = {Write("ref", "a b c d\ne f g h\n")};
  options.hypotheses = {Write("one", "a b c x\ne f g h\n"), Write("second", "a b c d\ne f g h\n")};
  const std::string table = Run(options);
  EXPECT_THAT(table, AllOf(StartsWith("TER|nrefs:1|bs:1000|seed:12345|"), HasSubstr("\n\nSQuAD F1|"),
                           HasSubstr("  12.50  "), testing::Not(HasSubstr("baseline"))));
  for (const PairedTest test : {PairedTest::kBootstrap, PairedTest::kRandomisation}) {
    options.paired = test;
    EXPECT_THAT(Run(options),
                AllOf(HasSubstr("  baseline\n"), HasSubstr("\np: how probable"),
                      HasSubstr(test == PairedTest::kBootstrap ? "|bs:1000|seed" : "|bs:1000|ar:10000|seed")));
    options.format = EvalFormat::kJson;
    const auto json = nlohmann::json::parse(Run(options));
    EXPECT_EQ(json.at("paired"), EnumName(test));
    const auto& systems = json.at("systems");
    ASSERT_EQ(systems.size(), 2u);
    EXPECT_EQ(systems[1].at("hyp"), options.hypotheses[1]);
    EXPECT_TRUE(systems[0].at("ter").at("p_value").is_null());
    EXPECT_GT(systems[1].at("ter").at("p_value"), 0);
    EXPECT_GT(systems[1].at("squad").at("f1").at("p_value"), 0);
    EXPECT_EQ(systems[1].at("ter").at("score"), 0);
    options.format = EvalFormat::kText;
  }
  options.paired = PairedTest::kNone;
  options.quiet = true;
  EXPECT_EQ(Run(options), "12.50 50.00 83.33\n0.00 100.00 100.00\n");
}

// Names and scores of unlike lengths must not break the columns.
TEST_F(EvalCommandTest, ColumnsOfATableAreStraight) {
  EvalOptions options;
  options.metrics = {EvalMetric::kTer};
  options.references = {Write("ref", "a\nb\n")};
  options.hypotheses = {Write("a_rather_long_name", "a b c d e f g h i j k l m\nx y z\n"), Write("s", "a\nb\n")};
  std::istringstream table(Run(options));
  std::string signature, head, first, second;
  for (std::string* line : {&signature, &head, &first, &second}) std::getline(table, *line);
  EXPECT_EQ(first.size(), second.size()) << first << '\n' << second;
  EXPECT_EQ(head.find("±"), first.find("±"));
  EXPECT_EQ(first.find("±"), second.find("±"));
}

TEST_F(EvalCommandTest, EveryFileMustHaveAsManyLines) {
  EvalOptions options;
  options.references = {Write("ref", "a\nb\n")};
  options.hypotheses = {Write("one", "a\nb\n"), Write("second", "a\n")};
  EXPECT_THAT([&] { Run(options); },
              ThrowsMessage<FileError>(AllOf(HasSubstr("second: 1 line, but "), HasSubstr("one has 2 lines"))));
}

TEST_F(EvalCommandTest, WhatAMetricRefusesIsSaidWithFileAndLine) {
  EvalOptions options;
  options.metrics = {EvalMetric::kTer};
  options.references = {Write("ref", "a\nb\n")};
  std::string words;
  for (int i = 0; i < 1'000'001; ++i) words += "x ";
  EXPECT_THAT([&] { Run(options, "a\n" + words + "\n"); },
              ThrowsMessage<FileError>(HasSubstr("test_hyp:2: TER: a sentence of 1000001 words")));
}

TEST_F(EvalCommandTest, OptionsThatDoNothingAreRefused) {
  const auto refused = [&](auto set, const std::string& message) {
    EvalOptions options;
    options.references = {"ref"};
    set(&options);
    EXPECT_THAT([&] { options.Validate(); }, ThrowsMessage<OptionError>(HasSubstr(message)));
  };
  refused([](EvalOptions* o) { o->ter.asian_support = true; }, "--ter-asian-support changes nothing by itself");
  refused([](EvalOptions* o) { o->sentence_separator = ""; }, "--sentence-separator is \"\"");
  refused([](EvalOptions* o) { o->paired = PairedTest::kBootstrap; }, "--paired bootstrap compares systems, but");
  refused([](EvalOptions* o) { o->confidence = o->quiet = true; }, "--quiet prints bare scores");
  refused([](EvalOptions* o) { o->hypotheses = {"a", "b", "a"}; }, "--hyp is \"a\" twice");
  refused([](EvalOptions* o) { o->hypotheses = {"-", "-"}; }, "more than one is standard input");
  refused([](EvalOptions* o) { o->resampling.trials = 0; }, "`trials` is 0");
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
              ThrowsMessage<OptionError>(
                  HasSubstr("\"blue\", expected bleu, chrf, chrf++, ter, rouge, rougeLsum, exact, squad")));
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
