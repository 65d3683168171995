// SPDX-License-Identifier: Apache-2.0
#include "metrics/squad.h"

#include <gtest/gtest.h>

#include "metrics/expected_scores_testing.h"
#include "metrics/unicode.h"

namespace dragoman {
namespace {

Stats Row(std::string_view answer, const std::vector<std::string_view>& references) {
  return SquadMetric().SentenceStats(answer, references);
}

TEST(SquadTest, EqualsTheEvaluationScriptOnEveryRecordedAnswer) {
  const auto& json = ExpectedScores().at("squad");
  const std::vector<std::string> answers = json.at("answers");
  const std::vector<std::vector<std::string>> references = json.at("references");
  for (size_t i = 0; i < answers.size(); ++i) {
    SCOPED_TRACE(answers[i]);
    std::vector<std::string> words;
    for (const std::u32string& word : SquadWords(answers[i])) words.push_back(EncodeUtf8(word));
    EXPECT_EQ(words, json.at("words")[i].get<std::vector<std::string>>());
    const Stats row = Row(answers[i], {references[0][i], references[1][i]});
    EXPECT_EQ(row[0], json.at("each")[i][0].get<double>());
    EXPECT_NEAR(row[1], json.at("each")[i][1].get<double>(), kScoreTolerance);
    EXPECT_EQ(row[2], 1);
  }
}

TEST(SquadTest, CasePunctuationArticlesAndBlanksDoNotCount) {
  EXPECT_EQ(Row("  The  Eiffel Tower!", {"eiffel tower"}), (Stats{1, 1, 1}));
  EXPECT_EQ(Row("another theory", {"other ory"}), (Stats{0, 0, 1}));  // articles are whole words
}

TEST(SquadTest, ExactMatchAndF1TakeTheBestReferenceEach) {
  EXPECT_EQ(Row("paris", {"london", "Paris."}), (Stats{1, 1, 1}));
  EXPECT_NEAR(Row("in paris", {"london", "Paris."})[1], 2.0 / 3, kScoreTolerance);
}

TEST(SquadTest, AnEmptyReferenceIsNoAnswerAmongOthersAndTheOnlyRightOneAlone) {
  EXPECT_EQ(Row("", {"paris", ""}), (Stats{0, 0, 1}));
  EXPECT_EQ(Row("", {"", "the"}), (Stats{1, 1, 1}));
  EXPECT_EQ(Row("paris", {"", ""}), (Stats{0, 0, 1}));
}

TEST(SquadTest, ScoresArePercentOfAnswers) {
  const SquadMetric metric;
  EXPECT_EQ(metric.Scores(Stats{1, 1.5, 4}), (std::vector<double>{25, 37.5}));
}

}  // namespace
}  // namespace dragoman
