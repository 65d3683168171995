// SPDX-License-Identifier: Apache-2.0
// Models that CTranslate2's converter made (record_ctranslate2.py): imported, they say of targets what CTranslate2
// says, and find what it finds.
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

const char* const kFolder = "tests/interop/recorded/ctranslate2";  // tests run in the repository's root
constexpr double kTolerance = 1e-5;                                // of a sentence's log-probability

std::vector<std::string> Cases() {
  return RealFileSystem().Exists(kFolder) ? RealFileSystem().List(kFolder) : std::vector<std::string>{};
}

class CTranslate2Test : public testing::TestWithParam<std::string> {
 protected:
  CTranslate2Test()
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

TEST_P(CTranslate2Test, ScoresAreThoseOfCTranslate2) {
  const std::vector<PairScore> scores = service_.Score(Lines("src"), Lines("tgt"));
  const std::vector<std::string> expected = Lines("scores");
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
  std::vector<std::string> found;
  for (const TranslatedLine& line : service_.Translate(Lines("src"), options))
    found.push_back(line.n_best.front().text);
  EXPECT_EQ(found, Lines("beam1"));
}

INSTANTIATE_TEST_SUITE_P(Recorded, CTranslate2Test, testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param; });

TEST(CTranslate2RecordingTest, HoldsEveryKind) {
  EXPECT_THAT(Cases(), testing::IsSupersetOf({"bart_int16", "m2m100", "marian_int8", "pegasus_gelu", "t5", "t5_v1_1"}))
      << "recorded values are missing; run the tests from the repository's root";
}

}  // namespace
}  // namespace dragoman
