// SPDX-License-Identifier: Apache-2.0
// dragoman curves, on the log of a real run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/cli_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Finished Curves(const Args& args) { return Dragoman(Args{"curves"} + args); }

std::string MadeUpRun(const std::string& name, const std::string& log) {
  Bash("mkdir -p '" + Scratch(name) + "'");
  WriteScratch(name + "/train.jsonl", log);
  return Scratch(name);
}

TEST(CurvesTest, DrawsARun) {
  const std::string svg = Scratch("curves.svg");
  const Finished run = Curves(
      {TinyRun(), "--output", svg, "--title", "a <title>", "--line", "first = words=12.50", "--line", "another=3"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.out + run.err, "");
  EXPECT_THAT(FileText(svg),
              AllOf(StartsWith("<svg xmlns="), HasSubstr("</svg>\n"), HasSubstr(">a &lt;title&gt;</text>"),
                    HasSubstr(">first = words 12.50</text>"), HasSubstr(">another 3</text>"),
                    HasSubstr("stroke-dasharray"), HasSubstr(">loss, nats per target token</text>"),
                    HasSubstr(">BLEU in validation</text>"), HasSubstr(">minutes of training</text>"),
                    HasSubstr(">in training</text>"), HasSubstr(">in validation</text>"), HasSubstr("step 20: "),
                    Not(HasSubstr("<script")), Not(HasSubstr("href"))));
  EXPECT_THAT(Curves({TinyRun(), "--output", "-"}).out, HasSubstr("<title>run</title>"));
  if (Bash("python3 -c 'import xml.dom.minidom'").code != 0) GTEST_SKIP() << "python3 is missing, which reads the SVG";
  EXPECT_EQ(Bash("python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' " + svg).code, 0);
}

TEST(CurvesTest, TheScoreIsAskedForOrThatOfTheRun) {
  const std::string base = FileText(TinyRun() + "/train.jsonl");
  const std::string run = MadeUpRun("answers", base);
  EXPECT_THAT(Curves({run, "--output", "-", "--score", "rougeL"}).out, HasSubstr(">ROUGE-L in validation<"));
  WriteScratch("answers/config.toml", "metric = \"exact\"\n");
  EXPECT_THAT(Curves({run, "--output", "-"}).out, HasSubstr(">exact match, % in validation<"));
  EXPECT_THAT(Curves({run, "--output", "-", "--score", "chrf"}).out, HasSubstr(">chrF in validation<"));
}

TEST(CurvesTest, RunsAreNamedByWhatTellsThemApart) {
  const std::string log = FileText(TinyRun() + "/train.jsonl");
  for (const char* name : {"x/seed-1/run", "x/seed-2/run"}) MadeUpRun(name, log);
  const Finished run = Curves({Scratch("x/seed-1/run"), Scratch("x/seed-2/run/"), "--output", "-"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr(">seed-1</text>"), HasSubstr(">seed-2</text>"),
                             HasSubstr("<title>seed-1, seed-2</title>")));
}

// Of a version that knew two scores only.
TEST(CurvesTest, OldLogsAreDrawn) {
  const std::string run =
      MadeUpRun("old",
                "{\"event\": \"train\", \"step\": 10, \"nll\": 4, \"seconds\": 60}\n"
                "{\"event\": \"valid\", \"step\": 10, \"nll\": 3.5, \"bleu\": 20, \"chrf\": 40, \"seconds\": 90}\n");
  EXPECT_THAT(Curves({run, "--output", "-"}).out, HasSubstr("step 10: 20<"));
  const Finished without = Curves({run, "--output", "-", "--score", "rougeL"});
  EXPECT_EQ(without.code, 2);
  EXPECT_THAT(without.err, HasSubstr("--score rougeL: no validation in " + run + " has that score"));
}

TEST(CurvesTest, WrongUseIsToldInALine) {
  const std::string svg = Scratch("never.svg");
  for (const auto& [args, message] : std::vector<std::pair<Args, std::string>>{
           {{TinyRun()}, "--output"},
           {{"--output", svg}, "runs is missing"},
           {{TinyRun(), TinyRun(), "--output", svg}, "twice"},
           {{TinyRun(), "--output", svg, "--score", "loss"}, "--score is \"loss\", expected bleu, chrf, rougeL, exact"},
           {{TinyRun(), "--output", svg, "--line", "name"}, "--line is \"name\", expected NAME=VALUE"},
           {{TinyRun(), "--output", svg, "--line", "=3"}, "expected NAME=VALUE"},
           {{TinyRun(), "--output", svg, "--line", "a=nan"}, "the value of --line a is \"nan\", expected a number"},
           {{TinyRun(), "--output", svg, "--line", "a=101"}, "the value of --line a is 101, expected a score"}}) {
    const Finished run = Curves(args);
    EXPECT_EQ(run.code, 2) << run.err;
    EXPECT_THAT(run.err, HasSubstr(message));
    EXPECT_EQ(Lines(run.err).size(), 1u) << run.err;
  }
  EXPECT_EQ(FileText(svg), "");
}

TEST(CurvesTest, WhatIsNoRunOrDamagedIsAFailure) {
  const std::string damaged = MadeUpRun("damaged", FileText(TinyRun() + "/train.jsonl") + "{\"event\": \"tr\n");
  const size_t line = Lines(FileText(damaged + "/train.jsonl")).size();
  const Finished run = Curves({damaged, "--output", "-"});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr(damaged + "/train.jsonl:" + std::to_string(line) + ": "));
  EXPECT_EQ(Curves({Scratch("nowhere"), "--output", "-"}).code, 1);
  const Finished empty = Curves({MadeUpRun("empty", ""), "--output", "-"});
  EXPECT_EQ(empty.code, 1);
  EXPECT_THAT(empty.err, HasSubstr("empty/train.jsonl: holds no loss yet"));
}

TEST(CurvesTest, WhatARunNeedsIsNotOverwritten) {
  const std::string run = MadeUpRun("kept", FileText(TinyRun() + "/train.jsonl"));
  WriteScratch("kept/config.toml", "");
  const std::string before = FileText(run + "/train.jsonl");
  Bash("ln -s kept/train.jsonl '" + Scratch("link") + "'");
  for (const std::string& output : {run + "/train.jsonl", run + "/config.toml", run, Scratch("link")}) {
    const Finished refused = Curves({run, "--output", output});
    EXPECT_EQ(refused.code, 2) << output;
    EXPECT_THAT(refused.err, HasSubstr("--output"));
  }
  EXPECT_EQ(Bash("\"$DRAGOMAN\" curves " + run + " --output - >> " + run + "/train.jsonl").code, 2);
  EXPECT_EQ(FileText(run + "/train.jsonl"), before);
  EXPECT_EQ(Curves({run, "--output", run + "/curves.svg"}).code, 0);
  EXPECT_EQ(Curves({run, "--output", run + "/curves.svg"}).code, 0) << "again, over the old one";
}

}  // namespace
}  // namespace dragoman
