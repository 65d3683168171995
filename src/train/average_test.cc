// SPDX-License-Identifier: Apache-2.0
#include "train/average.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "data/test_corpus.h"
#include "decode/translation_model.h"
#include "model/model_file.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

class AverageTest : public testing::Test {
 protected:
  static TransformerConfig Config(int vocab, int d_ff = 16) {
    TransformerConfig config;
    config.src_vocab = config.tgt_vocab = vocab;
    config.encoder_layers = config.decoder_layers = 1;
    config.d_model = 8;
    config.heads = 2;
    config.d_ff = d_ff;
    return config;
  }

  // A model directory whose weights are Initialize(seed)'s.
  std::string WriteModel(const std::string& name, uint64_t seed, const std::string& vocabulary, int d_ff = 16) {
    const std::string directory = directory_ / name;
    CreateDirectories(files_, directory);
    const int size = Vocabulary::FromBytes(vocabulary, "v").size();
    Transformer model(Config(size, d_ff));
    model.Initialize(seed);
    WriteFile(files_, JoinPath(directory, kConfigFile), model.config().ToJson());
    WriteFile(files_, JoinPath(directory, kJointVocabFile), vocabulary);
    const auto weights = files_.Create(JoinPath(directory, kWeightsFile));
    WriteSafetensors(ParameterViews(model.parameters(), model.parameters().values()), {}, *weights);
    weights->Close();
    return directory;
  }

  std::vector<float> Weights(const std::string& directory) {
    const auto model = LoadTransformer(files_, directory);
    return {model->parameters().values().begin(), model->parameters().values().end()};
  }

  std::string ErrorOf(const std::vector<std::string>& models) {
    return MessageOf<Error>([&] { AverageModels(files_, models, directory_ / "out"); });
  }

  FileSystem& files_ = RealFileSystem();
  TestDirectory directory_;
  const std::string vocabulary_ = TrainTestModel(SmallVocabOptions());
};

TEST_F(AverageTest, IsTheMeanOfAllWeights) {
  const std::vector<std::string> models = {WriteModel("a", 1, vocabulary_), WriteModel("b", 2, vocabulary_),
                                           WriteModel("c", 3, vocabulary_)};
  AverageModels(files_, models, directory_ / "out");
  const std::vector<float> a = Weights(models[0]), b = Weights(models[1]), c = Weights(models[2]);
  const std::vector<float> mean = Weights(directory_ / "out");
  ASSERT_EQ(mean.size(), a.size());
  for (size_t i = 0; i < mean.size(); ++i) ASSERT_NEAR(mean[i], (a[i] + b[i] + c[i]) / 3, 1e-6) << i;

  AverageModels(files_, std::span(models).first(2), directory_ / "out");  // replaces what is there
  const std::vector<float> of_two = Weights(directory_ / "out");
  for (size_t i = 0; i < mean.size(); ++i) ASSERT_EQ(of_two[i], (a[i] + b[i]) / 2) << i;
}

TEST_F(AverageTest, MeanOfOneModelIsThatModelAndOpens) {
  const std::vector<std::string> models = {WriteModel("a", 1, vocabulary_)};
  AverageModels(files_, models, directory_ / "new/out");
  EXPECT_EQ(Weights(directory_ / "new/out"), Weights(models[0]));
  const TranslationModel opened = LoadTranslationModel(files_, directory_ / "new/out");
  EXPECT_EQ(opened.vocabs.src->serialized(), vocabulary_);
  for (const std::string& name : files_.List(directory_ / "new/out")) {
    EXPECT_THAT(name, testing::Not(HasSubstr("tmp"))) << "left behind";
  }
}

TEST_F(AverageTest, SaysWhyItCannot) {
  const std::string a = WriteModel("a", 1, vocabulary_);
  EXPECT_THAT(ErrorOf({}), HasSubstr("no model to average"));
  EXPECT_THAT(ErrorOf({a, WriteModel("wide", 2, vocabulary_, 24)}), HasSubstr("/wide have different configs"));
  EXPECT_THAT(ErrorOf({a, directory_ / "absent"}), HasSubstr("/absent"));
  VocabOptions other = SmallVocabOptions();
  other.type = VocabType::kBpe;
  EXPECT_THAT(ErrorOf({a, WriteModel("other", 2, TrainTestModel(other))}),
              HasSubstr("/other have different vocabularies"));
  EXPECT_FALSE(files_.Exists(directory_ / "out")) << "nothing is written before all models are read";
}

TEST_F(AverageTest, OneOfTheModelsMayBeReplaced) {
  const std::vector<std::string> models = {WriteModel("a", 1, vocabulary_), WriteModel("b", 2, vocabulary_)};
  const std::vector<float> a = Weights(models[0]), b = Weights(models[1]);
  AverageModels(files_, models, models[0]);
  EXPECT_EQ(Weights(models[0])[5], (a[5] + b[5]) / 2);
}

}  // namespace
}  // namespace dragoman
