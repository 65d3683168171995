// SPDX-License-Identifier: Apache-2.0
#include "cli/curves_picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <regex>
#include <string>
#include <vector>

namespace dragoman {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::string> LabelsOf(double least, double most, int count) {
  const Axis axis = RoundAxis(least, most, count);
  std::vector<std::string> labels;
  for (int tick = 0; tick <= axis.parts; ++tick) labels.push_back(axis.Label(tick));
  return labels;
}

TEST(CurvesPictureTest, TicksAreRound) {
  EXPECT_THAT(LabelsOf(0, 52.3, 8), testing::ElementsAre("0", "10", "20", "30", "40", "50", "60"));
  EXPECT_THAT(LabelsOf(17.2, 39.8, 5), testing::ElementsAre("15", "20", "25", "30", "35", "40"));
  EXPECT_THAT(LabelsOf(1.62, 1.81, 5), testing::ElementsAre("1.60", "1.65", "1.70", "1.75", "1.80", "1.85"));
  EXPECT_THAT(LabelsOf(0, 0.031, 8),
              testing::ElementsAre("0.000", "0.005", "0.010", "0.015", "0.020", "0.025", "0.030", "0.035"));
  EXPECT_THAT(LabelsOf(-0.4, 0.4, 5), testing::ElementsAre("-0.4", "-0.2", "0.0", "0.2", "0.4"));
}

TEST(CurvesPictureTest, EveryRangeHasAnAxisThatHoldsIt) {
  for (const double least : {-1e300, -7.0, 0.0, 1e-9, 3.0, 100.0, 1e12}) {
    for (const double size : {0.0, 1e-12, 0.3, 1.0, 99.0, 1e5, 1e300}) {
      const Axis axis = RoundAxis(least, least + size, 5);
      const double rounding = 1e-6 * axis.step;
      EXPECT_LE(axis.first, least + rounding) << size;
      EXPECT_GE(axis.last(), least + size - rounding) << least;
      EXPECT_GT(axis.step, 0);
      EXPECT_TRUE(std::isfinite(axis.last())) << least << " " << size;
      EXPECT_LE(axis.parts, 6);
    }
  }
}

CurvesPicture PictureOf(size_t runs, size_t lines) {
  CurvesPicture picture{.title = "t", .score = "BLEU"};
  for (size_t run = 0; run < runs; ++run) {
    TrainingLog log;
    for (int i = 1; i <= 3; ++i) {
      log.training.push_back({1.0 * i, 10 * i, 5.0 - i});
      log.validation.push_back({1.0 * i, 10 * i, 5.5 - i});
      log.scores.push_back({1.0 * i, 10 * i, 10.0 * i});
    }
    picture.runs.push_back({"run " + std::to_string(run), log});
  }
  for (size_t i = 0; i < lines; ++i) picture.lines.push_back({"line " + std::to_string(i), 30});
  return picture;
}

TEST(CurvesPictureTest, LabelsOfLinesDoNotOverlapAndStayInThePicture) {
  for (const size_t lines : {1u, 3u, 30u}) {
    const std::string svg = DrawSvg(PictureOf(1, lines));
    std::smatch match;
    ASSERT_TRUE(std::regex_search(svg, match, std::regex(" height=\"([0-9]+)\"")));
    const double height = std::stod(match[1]);
    const std::regex label("<text x=\"[0-9.]+\" y=\"([0-9.]+)\">line ");
    std::vector<double> at;
    for (auto i = std::sregex_iterator(svg.begin(), svg.end(), label); i != std::sregex_iterator(); ++i) {
      at.push_back(std::stod((*i)[1]));
    }
    ASSERT_EQ(at.size(), lines);
    for (size_t i = 1; i < lines; ++i) EXPECT_GE(at[i] - at[i - 1], 13) << "as high as the text";
    EXPECT_LT(at.back(), height);
  }
}

TEST(CurvesPictureTest, LabelsStandBesideTheirLinesOrAroundThem) {
  CurvesPicture picture = PictureOf(1, 0);
  picture.lines = {{"a", 14}, {"b", 26}, {"c", 20}, {"d", 20}};
  const std::string svg = DrawSvg(picture);
  const auto label = [&](const std::string& name) {
    std::smatch match;
    EXPECT_TRUE(std::regex_search(svg, match, std::regex(" y=\"([0-9.]+)\">" + name + "</text>")));
    return std::stod(match[1]) - 4.5;
  };
  std::vector<double> lines;
  const std::regex dashed("y1=\"([0-9.]+)\"[^>]*stroke-dasharray");
  for (auto i = std::sregex_iterator(svg.begin(), svg.end(), dashed); i != std::sregex_iterator(); ++i) {
    lines.push_back(std::stod((*i)[1]));
  }
  ASSERT_EQ(lines.size(), 4u);  // from the top
  EXPECT_NEAR(label("b"), lines[0], 0.2);
  EXPECT_NEAR((label("c") + label("d")) / 2, lines[1], 0.2);
  EXPECT_NEAR(label("a"), lines[3], 0.2);
}

TEST(CurvesPictureTest, RunsHaveColoursOfTheirOwnAndALegend) {
  const std::string two = DrawSvg(PictureOf(2, 0));
  EXPECT_THAT(two, HasSubstr(">run 0</text>"));
  EXPECT_THAT(two, HasSubstr(">run 1</text>"));
  EXPECT_THAT(two, HasSubstr("#0072b2"));
  EXPECT_THAT(two, HasSubstr("#d55e00"));
  EXPECT_THAT(DrawSvg(PictureOf(1, 0)), Not(HasSubstr("run 0")));
}

TEST(CurvesPictureTest, ALongLogMakesNoLargePicture) {
  CurvesPicture picture = PictureOf(1, 0);
  TrainingLog& log = picture.runs[0].log;
  for (int i = 4; i < 100'000; ++i) log.training.push_back({0.1 * i, i, 2 + 1.0 / i});
  for (int i = 4; i < 1000; ++i) log.scores.push_back({10.0 * i, i, 50});
  EXPECT_LT(DrawSvg(picture).size(), 40'000u);
}

TEST(CurvesPictureTest, ASinglePointIsADot) {
  CurvesPicture picture = PictureOf(1, 0);
  picture.runs[0].log.training.resize(1);
  picture.runs[0].log.validation.clear();
  EXPECT_THAT(DrawSvg(picture), testing::ContainsRegex("<path d=\"M[0-9.]+ [0-9.]+h0.1\""));
}

TEST(CurvesPictureTest, WithoutAScoreThereIsOnePanel) {
  CurvesPicture picture = PictureOf(1, 0);
  picture.runs[0].log.scores.clear();
  EXPECT_THAT(DrawSvg(picture), Not(HasSubstr("BLEU")));
  EXPECT_THAT(DrawSvg(picture), HasSubstr("minutes of training"));
}

TEST(CurvesPictureTest, NamesAreText) {
  CurvesPicture picture = PictureOf(2, 1);
  picture.title = "<a>&\x1B";
  picture.runs[0].name = "<b>";
  picture.lines[0].label = "<c>\"";
  const std::string svg = DrawSvg(picture);
  for (const char* raw : {"<a>", "<b>", "<c>", "\x1B"}) EXPECT_THAT(svg, Not(HasSubstr(raw)));
  EXPECT_THAT(svg, HasSubstr("&lt;c&gt;&quot;"));
}

}  // namespace
}  // namespace dragoman
