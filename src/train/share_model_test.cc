// SPDX-License-Identifier: Apache-2.0
#include "train/share_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "comm/local_transport_testing.h"
#include "decode/translation_service.h"
#include "format/translation_testing.h"

namespace dragoman {
namespace {

// One vocabulary, or two.
TranslationModel Model(bool joint) {
  TranslationModel model = RandomTranslationModel(/*end_bias=*/-2, joint ? Tying::kAll : Tying::kDecoder);
  if (!joint) model.vocabs.tgt = std::make_shared<const Tokenizer>(TestVocabulary());
  return model;
}

std::string Translate(const TranslationModel& model) {
  const InferenceModel inference(*model.model);
  TranslationService service(inference, {*model.vocabs.src, *model.vocabs.tgt}, 1);
  return service.Translate({"I see a cat."})[0].n_best[0].text;
}

TEST(ShareModelTest, AllRanksTranslateAsTheFirstWithoutAFile) {
  for (const bool joint : {true, false}) {
    std::array<std::string, 3> translations;
    RunRanks(3, [&](Communicator& comm) {
      TranslationModel model;
      if (comm.rank() == 0) model = Model(joint);
      ShareModel(comm, &model);
      EXPECT_EQ(model.vocabs.joint(), joint) << "rank " << comm.rank();
      translations[static_cast<size_t>(comm.rank())] = Translate(model);
    });
    const std::string wanted = Translate(Model(joint));
    EXPECT_NE(wanted, "");
    for (const std::string& translation : translations) EXPECT_EQ(translation, wanted);
  }
}

// Weights that are laid out when they arrive, and such as are packed in a file that only rank 0 has.
TEST(ShareModelTest, AllRanksInferAsTheFirstWithoutAFile) {
  std::string directory = testing::TempDir() + "dragoman_share_XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const TranslationModel model = Model(/*joint=*/true);
  CheckpointContents contents;
  contents.files = PackedModelFiles(*model.model, WeightFormat::kInt8, model.vocabs, nullptr);
  WriteModel(RealFileSystem(), contents, directory + "/packed");
  const auto translate = [](const InferenceBundle& bundle) {
    TranslationService service(*bundle.model, {*bundle.vocabs.src, *bundle.vocabs.tgt}, 1);
    const Translation best = service.Translate({"I see a cat."})[0].n_best[0];
    return best.text + " " + std::to_string(best.log_prob);
  };
  for (const bool packed : {false, true}) {
    SCOPED_TRACE(packed);
    std::array<std::string, 3> translations;
    RunRanks(3, [&](Communicator& comm) {
      InferenceBundle bundle;
      if (comm.rank() == 0) {
        bundle = packed ? LoadInference(RealFileSystem(), directory + "/packed")
                        : InferenceOf(Model(/*joint=*/true), WeightFormat::kInt8);
      }
      ShareInference(comm, WeightFormat::kInt8, &bundle);
      EXPECT_EQ(bundle.model->format(), WeightFormat::kInt8);
      translations[static_cast<size_t>(comm.rank())] = translate(bundle);
    });
    const std::string wanted = translate(InferenceOf(Model(/*joint=*/true), WeightFormat::kInt8));
    for (const std::string& translation : translations) EXPECT_EQ(translation, wanted);
  }
  RemoveAll(RealFileSystem(), directory);
}

TEST(ShareModelTest, TokenizerSettingsComeWithTheVocabularies) {
  RunRanks(2, [&](Communicator& comm) {
    const TranslationModel first = Model(/*joint=*/false);
    const VocabularyPair wanted = WithSettings(
        first.vocabs, R"({"format": "dragoman-tokenizer-1", "src": {"suffix": [5]}, "tgt": {"banned": [7]}})", "test");
    VocabularyPair vocabs;
    std::unique_ptr<Transformer> model;
    if (comm.rank() == 0) {
      vocabs = wanted;
      model = Model(/*joint=*/false).model;
    }
    ShareArchitecture(comm, &vocabs, &model);
    EXPECT_EQ(SettingsOf(vocabs), SettingsOf(wanted));
  });
}

TEST(ShareModelTest, AnArchitectureComesWithoutItsWeights) {
  RunRanks(2, [&](Communicator& comm) {
    VocabularyPair vocabs;
    std::unique_ptr<Transformer> model;
    const TranslationModel first = Model(/*joint=*/true);
    if (comm.rank() == 0) {
      TranslationModel own = Model(/*joint=*/true);
      vocabs = std::move(own.vocabs);
      model = std::move(own.model);
    }
    ShareArchitecture(comm, &vocabs, &model);
    EXPECT_EQ(vocabs.src->serialized(), first.vocabs.src->serialized());
    EXPECT_EQ(model->config(), first.model->config());
    const auto weights = std::as_const(*model).parameters().values();
    const bool all_zero = std::ranges::all_of(weights, [](float weight) { return weight == 0; });
    EXPECT_EQ(all_zero, comm.rank() > 0);
  });
}

}  // namespace
}  // namespace dragoman
