// SPDX-License-Identifier: Apache-2.0
// Models that CTranslate2's converter made (record_ctranslate2.py): imported, they say of targets what CTranslate2
// says, and find what it finds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "recorded_model_testing.h"

namespace dragoman {
namespace {

const std::string kFolder = "tests/interop/recorded/ctranslate2";
constexpr double kTolerance = 1e-5;  // of a sentence's log-probability, relative to it

class CTranslate2Test : public testing::TestWithParam<std::string> {
 protected:
  RecordedModel model_{JoinPath(kFolder, GetParam())};
};

TEST_P(CTranslate2Test, ScoresAreThoseOfCTranslate2) {
  const std::vector<PairScore> scores = model_.Score();
  const std::vector<std::string> expected = model_.Lines("scores");
  ASSERT_EQ(scores.size(), expected.size());
  for (size_t i = 0; i < scores.size(); ++i) {
    const double theirs = std::stod(expected[i]);
    EXPECT_NEAR(scores[i].log_prob, theirs, kTolerance * std::abs(theirs)) << i;
  }
}

TEST_P(CTranslate2Test, GreedySearchFindsWhatCTranslate2Finds) {
  DecodeOptions options;
  options.beam_size = 1;
  options.stopping = Stopping::kBeam;
  options.allow_unk = true;
  options.max_length = 20;
  options.min_length = 2;  // CTranslate2 says one token at least; </s> counts here
  options.max_length_factor = 100;
  EXPECT_EQ(model_.Translate(options), model_.Lines("beam1"));
}

TEST_P(CTranslate2Test, GoesBackAsItCame) {
  ExpectGoesBackAsItCame(JoinPath(kFolder, GetParam()), ExportTarget::kCTranslate2);
}

INSTANTIATE_TEST_SUITE_P(Recorded, CTranslate2Test, testing::ValuesIn(RecordedIn(kFolder)),
                         [](const auto& test) { return test.param; });

TEST(CTranslate2RecordingTest, HoldsEveryKind) {
  EXPECT_THAT(RecordedIn(kFolder),
              testing::IsSupersetOf({"bart_int16", "m2m100", "marian_int8", "pegasus_gelu", "t5", "t5_v1_1"}))
      << "recorded values are missing; run the tests from the repository's root";
}

}  // namespace
}  // namespace dragoman
