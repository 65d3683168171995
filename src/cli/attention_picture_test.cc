// SPDX-License-Identifier: Apache-2.0
#include "cli/attention_picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/picture_text.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const AttentionPicture kPicture = {{"▁I", "▁love", "▁you", "</s>"},
                                   {"▁我", "爱", "你", "</s>"},
                                   {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0.7f, 0.3f, 0.25f, 0.25f, 0.25f, 0.25f},
                                   "Title"};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(AttentionPictureTest, ColumnsStandUnderTheirPieces) {
  const auto lines = Lines(DrawText(kPicture, 80));
  ASSERT_EQ(lines.size(), 7u);
  EXPECT_EQ(lines[0], "Title");
  EXPECT_EQ(lines[1], "      _I _love _you </s>");
  EXPECT_EQ(lines[2], " _我 ███                ");
  EXPECT_EQ(lines[3], "  爱     █████          ");
  EXPECT_EQ(lines[4], "  你           ▓▓▓▓ ░░░░");
  EXPECT_EQ(lines[5], "</s> ░░░ ░░░░░ ░░░░ ░░░░");
  for (size_t i = 1; i < 6; ++i) EXPECT_EQ(DisplayWidth(lines[i]), DisplayWidth(lines[1]));
}

TEST(AttentionPictureTest, ANarrowTerminalGetsNumberedColumns) {
  const auto lines = Lines(DrawText(kPicture, 20));
  ASSERT_EQ(lines.size(), 9u);
  EXPECT_EQ(lines[1], "1 _I  2 _love");
  EXPECT_EQ(lines[2], "3 _you  4 </s>");
  EXPECT_EQ(lines[3], "       1   2   3   4");
  EXPECT_EQ(lines[4], " _我 ███            ");
}

TEST(AttentionPictureTest, ColumnsThatDoNotFitStandBelowTheOthers) {
  const auto lines = Lines(DrawText(kPicture, 15));
  ASSERT_EQ(lines.size(), 15u);
  EXPECT_EQ(lines[4], "       1   2");
  EXPECT_EQ(lines[5], " _我 ███    ");
  EXPECT_EQ(lines[9], "       3   4");
  EXPECT_EQ(lines[12], "  你 ▓▓▓ ░░░");
  for (const std::string& line : std::vector(lines.begin(), lines.end() - 1)) EXPECT_LE(DisplayWidth(line), 15u);
}

// In a long sentence every weight is small; little certainty must not look like much.
TEST(AttentionPictureTest, EveryPictureHasTheSameScaleAndALegend) {
  AttentionPicture even = {std::vector<std::string>(20, "a"), {"b"}, std::vector<float>(20, 0.05f), "Title"};
  EXPECT_THAT(DrawText(even, 200),
              AllOf(HasSubstr("b             "), HasSubstr(": ░ 25 %, ▒ 50 %, ▓ 75 %, █ 100 %\n")));
  EXPECT_THAT(DrawSvg(even), AllOf(HasSubstr("fill-opacity=\"0.050\""), HasSubstr("a: 5.0 %"),
                                   HasSubstr(">Title</text>"), HasSubstr(">0 %</text>"), HasSubstr(">100 %</text>")));
  even.weights[0] = 1;
  even.weights[1] = 0.45f;
  EXPECT_THAT(DrawText(even, 200), HasSubstr("b ███ ▒▒▒    "));
}

TEST(AttentionPictureTest, SvgEscapesAndKeepsControlCharactersOut) {
  AttentionPicture picture = kPicture;
  picture.source[0] = "<a&\"b\">";
  picture.target[0] = std::string("\x1B[31m\0\xFF", 7);
  const std::string svg = DrawSvg(picture), text = DrawText(picture, 80);
  EXPECT_THAT(svg, HasSubstr(">&lt;a&amp;&quot;b&quot;&gt;</text>"));
  for (const char forbidden : {'\x1B', '\0', '\xFF'}) {
    EXPECT_EQ(svg.find(forbidden), std::string::npos);
    EXPECT_EQ(text.find(forbidden), std::string::npos);
  }
}

TEST(AttentionPictureTest, SvgHasACellForEachWeight) {
  const std::string svg = DrawSvg(kPicture);
  size_t cells = 0;
  for (size_t at = svg.find("fill-opacity"); at != std::string::npos; at = svg.find("fill-opacity", at + 1)) ++cells;
  EXPECT_EQ(cells, kPicture.weights.size());
  EXPECT_THAT(svg, HasSubstr("<title>你 → _you: 70.0 %</title>"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace dragoman
