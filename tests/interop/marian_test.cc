// SPDX-License-Identifier: Apache-2.0
// Models that Marian trained (record_marian.py): imported, they say of translations what Marian said, and find what it
// found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "decode/translation_service.h"
#include "interop/import.h"

namespace dragoman {
namespace {

const char* const kFolder = "tests/interop/recorded/marian";  // tests run in the repository's root
constexpr double kTolerance = 1e-4;                           // of a sentence's log-probability

std::vector<std::string> Cases() {
  return RealFileSystem().Exists(kFolder) ? RealFileSystem().List(kFolder) : std::vector<std::string>{};
}

class MarianTest : public testing::TestWithParam<std::string> {
 protected:
  MarianTest()
      : directory_(JoinPath(kFolder, GetParam())),
        foreign_(OpenForeign(RealFileSystem(), directory_, {})),
        model_(ReadForeign(foreign_)),
        inference_(*model_),
        service_(inference_, {*foreign_.vocabs.src, *foreign_.vocabs.tgt}, /*threads=*/1) {}

  std::vector<std::string> Lines(const std::string& name) const {
    std::vector<std::string> lines;
    std::istringstream text(ReadFile(RealFileSystem(), JoinPath(directory_, name)));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }

  std::string directory_;
  ForeignModel foreign_;
  std::unique_ptr<Transformer> model_;
  InferenceModel inference_;
  TranslationService service_;
};

TEST_P(MarianTest, ScoresAreMarians) {
  const std::vector<PairScore> scores = service_.Score(Lines("src"), Lines("tgt"));
  const std::vector<std::string> expected = Lines("scores");
  ASSERT_EQ(scores.size(), expected.size());
  for (size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(scores[i].log_prob, std::stod(expected[i]), kTolerance) << i;
}

// Not of the model of norms before its sub-layers: record_marian.py says why.
class MarianSearchTest : public MarianTest {};

TEST_P(MarianSearchTest, FindsGreedilyWhatMarianFinds) {
  DecodeOptions options;
  options.beam_size = 1;
  options.stopping = Stopping::kBeam;
  options.allow_unk = true;
  std::vector<std::string> found;
  for (const TranslatedLine& line : service_.Translate(Lines("src"), options))
    found.push_back(line.n_best.front().text);
  EXPECT_EQ(found, Lines("beam1"));
}

INSTANTIATE_TEST_SUITE_P(Recorded, MarianTest, testing::ValuesIn(Cases()), [](const auto& test) { return test.param; });

INSTANTIATE_TEST_SUITE_P(Recorded, MarianSearchTest, testing::Values("post_relu", "ssru", "two_tables", "untied"),
                         [](const auto& test) { return test.param; });

TEST(MarianRecordingTest, HoldsEveryKind) {
  EXPECT_THAT(Cases(), testing::IsSupersetOf({"post_relu", "pre_gelu", "ssru", "two_tables", "untied"}))
      << "recorded values are missing; run the tests from the repository's root";
}

}  // namespace
}  // namespace dragoman
