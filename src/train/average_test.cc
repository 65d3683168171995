// SPDX-License-Identifier: Apache-2.0
#include "train/average.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/faulty_file_system_testing.h"
#include "data/corpus_testing.h"
#include "decode/translation_model.h"
#include "model/about.h"
#include "model/manifest.h"
#include "model/model_file.h"

namespace dragoman {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
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
    const int size = Tokenizer::FromBytes(vocabulary, "v").size();
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

TEST_F(AverageTest, AVocabularyOfAnotherSizeThanTheModelIsRefused) {
  const std::vector<std::string> models = {WriteModel("a", 1, vocabulary_)};
  WriteFile(files_, JoinPath(models[0], kJointVocabFile), TrainTestModel(SmallVocabOptions(92)));
  EXPECT_THAT(ErrorOf(models), HasSubstr("/a: the source vocabulary has 92 pieces, but the model was made for 90"));
}

TEST_F(AverageTest, MeanOfOneModelIsThatModelAndOpens) {
  const std::vector<std::string> models = {WriteModel("a", 1, vocabulary_)};
  AverageModels(files_, models, directory_ / "new/out");
  EXPECT_EQ(Weights(directory_ / "new/out"), Weights(models[0]));
  EXPECT_TRUE(VerifyCheckpoint(files_, directory_ / "new/out")) << "it has a manifest of its own";
  const TranslationModel opened = LoadTranslationModel(files_, directory_ / "new/out");
  EXPECT_EQ(opened.vocabs.src->serialized(), vocabulary_);
  EXPECT_THAT(files_.List(directory_ / "new"), ElementsAre("out")) << "nothing is left behind";
}

TEST_F(AverageTest, SaysWhyItCannot) {
  const std::string a = WriteModel("a", 1, vocabulary_);
  EXPECT_THAT(ErrorOf({}), HasSubstr("no model to average"));
  EXPECT_THAT(ErrorOf({a, WriteModel("wide", 2, vocabulary_, 24)}),
              HasSubstr("/wide have different configs (d_ff 16 and 24)"));
  EXPECT_THAT(ErrorOf({a, directory_ / "absent"}), HasSubstr("/absent"));
  VocabOptions other = SmallVocabOptions();
  other.type = VocabType::kBpe;
  EXPECT_THAT(ErrorOf({a, WriteModel("other", 2, TrainTestModel(other))}),
              HasSubstr("/other have different vocabularies (joint: "));
  EXPECT_FALSE(files_.Exists(directory_ / "out")) << "nothing is written before all models are read";
}

TEST_F(AverageTest, DropoutMayDifferAndIsTheFirstModels) {
  const std::vector<std::string> models = {WriteModel("a", 1, vocabulary_), WriteModel("b", 2, vocabulary_)};
  std::string config = FileBytes(models[1] + "/config.json");
  const std::string before = "\"residual_dropout\": 0.1";
  config.replace(config.find(before), before.size(), "\"residual_dropout\": 0.3");
  WriteFile(files_, models[1] + "/config.json", config);
  std::string warning;
  AverageModels(files_, models, directory_ / "out", [&](const std::string& line) { warning += line; });
  EXPECT_THAT(warning, HasSubstr("/b have different rates of dropout (residual_dropout 0.1 and 0.3)"));
  EXPECT_THAT(FileBytes(directory_ / "out/config.json"), HasSubstr(before));
}

TEST_F(AverageTest, OneOfTheModelsMayBeReplaced) {
  const std::vector<std::string> models = {WriteModel("a", 1, vocabulary_), WriteModel("b", 2, vocabulary_)};
  const std::vector<float> a = Weights(models[0]), b = Weights(models[1]);
  AverageModels(files_, models, models[0]);
  EXPECT_EQ(Weights(models[0])[5], (a[5] + b[5]) / 2);
}

TEST_F(AverageTest, DamagedModelsAreRefused) {
  const std::string a = WriteModel("a", 1, vocabulary_);
  const std::vector<std::string> sound = {a};
  AverageModels(files_, sound, directory_ / "b");  // has a manifest
  for (const std::string file : {kConfigFile, kWeightsFile, kJointVocabFile}) {
    const std::string path = directory_ / "b/" + file, bytes = ReadFile(files_, path);
    std::string damaged = bytes;
    damaged[bytes.size() - 2] = static_cast<char>(damaged[bytes.size() - 2] ^ 1);
    WriteFile(files_, path, damaged);
    EXPECT_THAT(ErrorOf({a, directory_ / "b"}), HasSubstr(path + ": has CRC-32"));
    EXPECT_THAT(ErrorOf({directory_ / "b", a}), HasSubstr(path + ": has CRC-32"));
    WriteFile(files_, path, bytes);
  }
  EXPECT_FALSE(files_.Exists(directory_ / "out"));
}

// It is replaced as a whole, so nothing may be there that is anybody's own.
TEST_F(AverageTest, OutputMayHoldAModelButNothingElse) {
  const std::string a = WriteModel("a", 1, vocabulary_);
  CreateDirectories(files_, directory_ / "out");
  WriteFile(files_, directory_ / "out/notes", "mine");
  EXPECT_THAT(ErrorOf({a}), HasSubstr(directory_ / "out holds notes, expected the name of a new directory"));
  EXPECT_THAT(files_.List(directory_ / "out"), ElementsAre("notes"));
  files_.RemoveFile(directory_ / "out/notes");
  const std::vector<std::string> models = {a};
  AverageModels(files_, models, directory_ / "out/");  // empty now
  EXPECT_TRUE(VerifyCheckpoint(files_, directory_ / "out"));
  files_.CreateSymlink("out", directory_ / "link");
  for (const char* link : {"link", "link/"}) {
    EXPECT_THAT(MessageOf<OptionError>([&] { AverageModels(files_, models, directory_ / link); }),
                HasSubstr(" is a file or link"));
  }
  EXPECT_THAT(MessageOf<OptionError>([&] { AverageModels(files_, models, "."); }), HasSubstr("is not a name"));
}

class AverageFailureTest : public AverageTest {
 protected:
  AverageFailureTest() : old_(WriteModel("a", 1, vocabulary_)), new_(WriteModel("b", 2, vocabulary_)) {}

  // Averages new_ alone over an average of old_ alone. True if that worked.
  bool Replace(FileSystem& files) {
    RemoveAll(files_, directory_ / "runs");
    FaultyFileSystem quick(files_);  // without the wait for the disk
    AverageModels(quick, std::span(&old_, 1), Output());
    try {
      AverageModels(files, std::span(&new_, 1), Output());
      return true;
    } catch (const FileError&) {
      return false;
    }
  }
  int64_t Operations() {
    FaultyFileSystem counting(files_);
    EXPECT_TRUE(Replace(counting));
    return counting.operations();
  }
  void ExpectWhole(bool replaced) {
    ASSERT_TRUE(VerifyCheckpoint(files_, Output()));
    const std::vector<float> weights = Weights(Output());
    if (replaced) {
      EXPECT_EQ(weights, Weights(new_));
    } else {
      EXPECT_THAT(weights, AnyOf(Weights(old_), Weights(new_)));
    }
  }
  std::string Output() const { return directory_ / "runs/out"; }

  const std::string old_, new_;
};

TEST_F(AverageFailureTest, AnySingleFailureLeavesTheOldModelOrTheNew) {
  const int64_t operations = Operations();
  EXPECT_GT(operations, 20);
  for (int64_t at = 1; at <= operations; ++at) {
    SCOPED_TRACE("operation " + std::to_string(at) + " failed");
    FaultyFileSystem faulty(files_);
    faulty.FailAt(at);
    ExpectWhole(Replace(faulty));
    EXPECT_FALSE(files_.Exists(directory_ / "runs/.tmp-out"));
  }
}

TEST_F(AverageFailureTest, ACrashLeavesAWholeModelAndIsCleanedUpByTheNext) {
  const int64_t operations = Operations();
  for (const AfterCrash after : {AfterCrash::kAllKept, AfterCrash::kUnsyncedLost, AfterCrash::kUnsyncedTorn}) {
    for (int64_t at = 1; at <= operations; ++at) {
      SCOPED_TRACE("crash at operation " + std::to_string(at) + ", kind " + std::to_string(static_cast<int>(after)));
      FaultyFileSystem faulty(files_);
      faulty.CrashAt(at, after);
      const bool replaced = Replace(faulty);
      if (files_.Exists(Output())) {
        ExpectWhole(replaced);
      } else {  // between two renames: both are there, under other names
        EXPECT_EQ(Weights(directory_ / "runs/.tmp-out-old"), Weights(old_));
        EXPECT_EQ(Weights(directory_ / "runs/.tmp-out"), Weights(new_));
      }
      FaultyFileSystem quick(files_);
      AverageModels(quick, std::span(&new_, 1), Output());
      ExpectWhole(true);
      EXPECT_THAT(files_.List(directory_ / "runs"), ElementsAre("out"));
    }
  }
}

TEST_F(AverageTest, SaysWhatItIsTheMeanOf) {
  const std::vector<std::string> models = {WriteModel("a", 1, vocabulary_), WriteModel("b", 2, vocabulary_)};
  const auto tell = [&](const std::string& model, const ModelAbout& about) {
    WriteFile(files_, JoinPath(model, kAboutFile), about.ToJson());
  };
  for (const std::string& model : models) tell(model, {.name = "one run", .licence = "MIT"});
  AverageModels(files_, models, directory_ / "out");
  EXPECT_EQ(ReadAbout(files_, directory_ / "out"), (ModelAbout{.name = "one run", .licence = "MIT"}));

  tell(models[0], {.licence = "CC0"});  // and the output, which holds an about.json now, is replaced
  AverageModels(files_, models, directory_ / "out");
  ModelAbout mean;
  mean.made_from = {ModelAbout{.licence = "CC0"}, ModelAbout{.name = "one run", .licence = "MIT"}};
  EXPECT_EQ(ReadAbout(files_, directory_ / "out"), mean);

  WriteFile(files_, JoinPath(models[1], kAboutFile), "{");
  EXPECT_THAT(ErrorOf(models), HasSubstr("about.json:1: "));
}

}  // namespace
}  // namespace dragoman
