// SPDX-License-Identifier: Apache-2.0
// Models that Marian trained (record_marian.py): imported, they say of translations what Marian said, and find what it
// found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "interop/interop_testing.h"
#include "recorded_model_testing.h"

namespace dragoman {
namespace {

const std::string kFolder = "tests/interop/recorded/marian";
constexpr double kTolerance = 1e-4;  // of a sentence's log-probability

class MarianTest : public testing::TestWithParam<std::string> {
 protected:
  RecordedModel model_{JoinPath(kFolder, GetParam())};
};

TEST_P(MarianTest, ScoresAreMarians) {
  const std::vector<PairScore> scores = model_.Score();
  const std::vector<std::string> expected = model_.Lines("scores");
  ASSERT_EQ(scores.size(), expected.size());
  for (size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(scores[i].log_prob, std::stod(expected[i]), kTolerance) << i;
}

TEST_P(MarianTest, GoesBackAsItCame) { ExpectGoesBackAsItCame(JoinPath(kFolder, GetParam()), ExportTarget::kMarian); }

// Not of the model of norms before its sub-layers: record_marian.py says why.
class MarianSearchTest : public MarianTest {};

TEST_P(MarianSearchTest, FindsGreedilyWhatMarianFinds) {
  DecodeOptions options;
  options.beam_size = 1;
  options.stopping = Stopping::kBeam;
  options.allow_unk = true;
  EXPECT_EQ(model_.Translate(options), model_.Lines("beam1"));
}

// Not of "untied", of whose sentences one does not end before Marian's limit on its length.
class MarianBeamTest : public MarianTest {};

TEST_P(MarianBeamTest, FindsWithABeamOf4WhatMarianFinds) {
  DecodeOptions options;
  options.stopping = Stopping::kNarrow;
  options.length_penalty = 1;
  options.length_penalty_form = LengthPenaltyForm::kPower;
  options.allow_unk = true;
  EXPECT_EQ(model_.Translate(options), model_.Lines("beam4"));
}

const auto kName = [](const auto& test) { return test.param; };
INSTANTIATE_TEST_SUITE_P(Recorded, MarianTest, testing::ValuesIn(RecordedIn(kFolder)), kName);
INSTANTIATE_TEST_SUITE_P(Recorded, MarianSearchTest,
                         testing::Values("deep_ffn", "post_relu", "ssru", "two_tables", "untied"), kName);

INSTANTIATE_TEST_SUITE_P(Recorded, MarianBeamTest, testing::Values("deep_ffn", "post_relu", "ssru", "two_tables"),
                         kName);

// A directory as Marian's users have it: a model, and beside it a shortlist that decoder.yml speaks of.
TEST(MarianShortlistTest, FindsWhatMarianFindsWithItsShortlist) {
  const std::string list = "tests/interop/recorded/marian_shortlist/two_tables",
                    model = JoinPath(kFolder, "two_tables");
  TestFolder folder;
  for (const std::string& from : {model, list}) {
    for (const std::string& name : RealFileSystem().List(from)) {
      folder.Write(name, ReadFile(RealFileSystem(), JoinPath(from, name)));
    }
  }
  RecordedModel recorded(folder.path());
  ASSERT_TRUE(recorded.has_shortlist());
  DecodeOptions options;
  options.beam_size = 1;
  options.stopping = Stopping::kBeam;
  options.allow_unk = true;
  EXPECT_EQ(recorded.Translate(options), recorded.Lines("beam1"));
  EXPECT_NE(recorded.Lines("beam1"), RecordedModel(model).Lines("beam1")) << "the shortlist makes a difference";
}

TEST(MarianRecordingTest, HoldsEveryKind) {
  EXPECT_THAT(RecordedIn(kFolder),
              testing::IsSupersetOf({"deep_ffn", "post_relu", "pre_gelu", "ssru", "two_tables", "untied"}))
      << "recorded values are missing; run the tests from the repository's root";
}

}  // namespace
}  // namespace dragoman
