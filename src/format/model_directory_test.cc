// SPDX-License-Identifier: Apache-2.0
#include "format/model_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/faulty_file_system_testing.h"
#include "format/manifest.h"
#include "format/model_file.h"
#include "format/translation_testing.h"
#include "kernels/kernels_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

class ModelDirectoryTest : public testing::Test {
 protected:
  ModelDirectoryTest() {
    std::string pattern = testing::TempDir() + "dragoman_translation_XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~ModelDirectoryTest() override { RemoveAll(files_, directory_); }

  void SaveModel(const std::string& directory) {
    CreateDirectories(files_, directory);
    WriteFile(files_, directory + "/config.json", loaded_.model->config().ToJson());
    const auto file = files_.Create(directory + "/model.safetensors");
    const ParameterStore& store = loaded_.model->parameters();
    WriteSafetensors(ParameterViews(store, store.values()), {}, *file);
    file->Close();
  }
  void SaveVocabulary(const std::string& path, const Tokenizer& vocab) { WriteFile(files_, path, vocab.serialized()); }
  std::string LoadError(const std::string& path) {
    try {
      LoadTranslationModel(files_, path);
    } catch (const FileError& error) {
      return error.what();
    }
    return "no error";
  }

  FileSystem& files_ = RealFileSystem();
  std::string directory_;
  TranslationModel loaded_ = RandomTranslationModel();
};

TEST_F(ModelDirectoryTest, OpensAModelWithAJointVocabulary) {
  SaveModel(directory_);
  SaveVocabulary(directory_ + "/vocab.model", *loaded_.vocabs.src);
  const TranslationModel read = LoadTranslationModel(files_, directory_);
  EXPECT_TRUE(read.vocabs.joint());
  EXPECT_EQ(read.vocabs.src->fingerprint(), loaded_.vocabs.src->fingerprint());
  EXPECT_TRUE(kernels::SameBits(read.model->parameters().values(), loaded_.model->parameters().values()));
  Workspace workspace;
  EXPECT_NO_THROW(read.model->Logits(workspace, Matrix(nullptr, 0, 16), {}, {}));  // it is prepared for decoding
}

TEST_F(ModelDirectoryTest, OpensAModelWithTwoVocabularies) {
  SaveModel(directory_);
  SaveVocabulary(directory_ + "/src.model", *loaded_.vocabs.src);
  SaveVocabulary(directory_ + "/tgt.model", *loaded_.vocabs.src);
  const TranslationModel read = LoadTranslationModel(files_, directory_);
  EXPECT_FALSE(read.vocabs.joint());
}

TEST_F(ModelDirectoryTest, TakesTheBestCheckpointOfARunElseTheLast) {
  SaveModel(directory_ + "/last");
  EXPECT_EQ(ResolveModelDirectory(files_, directory_), directory_ + "/last");
  SaveModel(directory_ + "/best");
  EXPECT_EQ(ResolveModelDirectory(files_, directory_), directory_ + "/best");
  EXPECT_EQ(ResolveModelDirectory(files_, directory_ + "/last"), directory_ + "/last");
}

TEST_F(ModelDirectoryTest, FilesThatDifferFromTheManifestAreRefused) {
  SaveModel(directory_);
  SaveVocabulary(directory_ + "/vocab.model", *loaded_.vocabs.src);
  CheckpointContents contents;
  for (const std::string name : {"config.json", "model.safetensors", "vocab.model"}) {
    contents.files.push_back(FileOfBytes(name, ReadFile(files_, directory_ + "/" + name)));
  }
  WriteCheckpoint(files_, directory_, contents);
  EXPECT_EQ(LoadError(directory_), "no error");
  for (const std::string name : {"config.json", "model.safetensors", "vocab.model"}) {
    const std::string path = directory_ + "/" + name, bytes = ReadFile(files_, path);
    std::string damaged = bytes;
    damaged[bytes.size() - 2] = static_cast<char>(damaged[bytes.size() - 2] ^ 1);
    WriteFile(files_, path, damaged);
    EXPECT_THAT(LoadError(directory_), HasSubstr(path + ": has CRC-32"));
    WriteFile(files_, path, bytes);
  }
}

// Not to read a large model twice before it starts is the user's choice.
TEST_F(ModelDirectoryTest, TheNumbersNeedNotBeLookedAt) {
  CheckpointContents contents;
  loaded_.model->parameters().values()[0] = std::numeric_limits<float>::quiet_NaN();
  contents.files = ModelFiles(*loaded_.model, loaded_.model->parameters().values(), loaded_.vocabs, /*about=*/nullptr);
  WriteCheckpoint(files_, directory_, contents);
  EXPECT_THAT(LoadError(directory_), HasSubstr("holds weights that are not finite"));
  EXPECT_NO_THROW(LoadTranslationModel(files_, directory_, Checks::kAllButNumbers));
  const std::string path = directory_ + "/model.safetensors", bytes = ReadFile(files_, path);
  std::string damaged = bytes;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  WriteFile(files_, path, damaged);
  EXPECT_THAT(LoadError(directory_), HasSubstr(path + ": has CRC-32"));
  EXPECT_NO_THROW(LoadTranslationModel(files_, directory_, Checks::kAllButNumbers));
  const std::string config_path = directory_ + "/config.json", config = ReadFile(files_, config_path);
  std::string other = config;
  other.replace(other.find("\"heads\": 2"), 10, "\"heads\": 4");
  WriteFile(files_, config_path, other);  // small files are read whole anyway
  EXPECT_THROW(LoadTranslationModel(files_, directory_, Checks::kAllButNumbers), FormatError);
  WriteFile(files_, config_path, config);
  WriteFile(files_, path, bytes.substr(0, bytes.size() - 4));
  EXPECT_THROW(LoadTranslationModel(files_, directory_, Checks::kAllButNumbers), FormatError);
}

TEST_F(ModelDirectoryTest, AllThatIsWrittenIsReadAgain) {
  const ModelAbout about{.name = "a model"};
  CheckpointContents contents;
  contents.files = ModelFiles(*loaded_.model, loaded_.model->parameters().values(), loaded_.vocabs, &about);
  WriteCheckpoint(files_, directory_, contents);
  const TranslationModel read = LoadTranslationModel(files_, directory_);
  EXPECT_EQ(read.model->config(), loaded_.model->config());
  EXPECT_TRUE(kernels::SameBits(read.model->parameters().values(), loaded_.model->parameters().values()));
  EXPECT_EQ(read.vocabs.src->fingerprint(), loaded_.vocabs.src->fingerprint());
  EXPECT_EQ(ReadAbout(files_, directory_), about);
  for (const std::string& name : files_.List(directory_)) EXPECT_THAT(ModelFileNames(), testing::Contains(name));
}

TEST_F(ModelDirectoryTest, LinksAreFollowedToTheCheckpointTheyStandFor) {
  SaveModel(directory_ + "/step-1");
  files_.CreateSymlink("step-1", directory_ + "/best");
  files_.CreateSymlink(directory_ + "/best", directory_ + "/mine");
  for (const char* name : {"", "/", "/best", "/best/", "/mine", "/step-1"}) {
    EXPECT_EQ(ResolveModelDirectory(files_, directory_ + name), directory_ + "/step-1") << name;
  }
}

// A training's next checkpoint arrives when this one's config.json is being opened.
class TrainedMeanwhile : public FaultyFileSystem {
 public:
  TrainedMeanwhile(FileSystem& base, std::function<void()> arrive)
      : FaultyFileSystem(base), arrive_(std::move(arrive)) {}
  std::unique_ptr<ReadableFile> Open(const std::string& path) override {
    if (arrive_) std::exchange(arrive_, {})();
    return FaultyFileSystem::Open(path);
  }

 private:
  std::function<void()> arrive_;
};

TEST_F(ModelDirectoryTest, AllFilesAreOfOneCheckpointWhenTheLinkMovesMeanwhile) {
  const auto is_step = [&](const TranslationModel& read) { return read.model->parameters().values()[0]; };
  for (const int step : {1, 2}) {
    const std::string directory = directory_ + "/step-" + std::to_string(step);
    loaded_.model->parameters().values()[0] = static_cast<float>(step);
    SaveModel(directory);
    SaveVocabulary(directory + "/vocab.model", *loaded_.vocabs.src);
  }
  const auto move_link = [&] { ReplaceSymlink(files_, "step-2", directory_ + "/best", directory_ + "/new"); };
  files_.CreateSymlink("step-1", directory_ + "/best");
  TrainedMeanwhile moved(files_, move_link);
  EXPECT_EQ(is_step(LoadTranslationModel(moved, directory_)), 1);

  ReplaceSymlink(files_, "step-1", directory_ + "/best", directory_ + "/new");
  TrainedMeanwhile removed(files_, [&] {
    move_link();
    RemoveAll(files_, directory_ + "/step-1");
  });
  EXPECT_EQ(is_step(LoadTranslationModel(removed, directory_)), 2);
}

TEST_F(ModelDirectoryTest, SaysWhatIsMissing) {
  EXPECT_THAT(LoadError(directory_), HasSubstr(directory_ + ": no model here: expected a directory with config.json"));
  SaveModel(directory_);
  EXPECT_THAT(LoadError(directory_), HasSubstr(directory_ + "/vocab.model: is not there, nor are src.model and"));
  SaveVocabulary(directory_ + "/src.model", *loaded_.vocabs.src);
  EXPECT_THAT(LoadError(directory_), HasSubstr(directory_ + "/tgt.model"));
  WriteFile(files_, directory_ + "/vocab.model", "not a vocabulary");
  EXPECT_THAT(LoadError(directory_), HasSubstr(directory_ + "/vocab.model: "));
}

TEST_F(ModelDirectoryTest, RefusesAVocabularyOfAnotherSize) {
  SaveModel(directory_);
  const Tokenizer other = Tokenizer::FromBytes(TrainTestModel(SmallVocabOptions(88)), "other.model");
  SaveVocabulary(directory_ + "/vocab.model", other);
  EXPECT_THAT(LoadError(directory_),
              HasSubstr("the source vocabulary has 88 pieces, but the model was made for 90; copy the vocabulary"));
  files_.RemoveFile(directory_ + "/vocab.model");
  SaveVocabulary(directory_ + "/src.model", *loaded_.vocabs.src);
  SaveVocabulary(directory_ + "/tgt.model", other);
  EXPECT_THAT(LoadError(directory_), HasSubstr("the target vocabulary has 88 pieces"));
}

TEST_F(ModelDirectoryTest, SettingsAreReadAndKeptAndMissedWhenTheManifestNamesThem) {
  SaveModel(directory_);
  const VocabularyPair vocabs = WithSettings(
      loaded_.vocabs, R"({"format": "dragoman-tokenizer-1", "tgt": {"prefix": [5], "banned": [7]}})", "settings");
  EXPECT_TRUE(vocabs.joint());
  CheckpointContents contents;
  contents.files = VocabularyFiles(vocabs);
  WriteCheckpoint(files_, directory_ + "/sealed", contents);
  const VocabularyPair read = LoadVocabularies(files_, directory_ + "/sealed");
  EXPECT_EQ(SettingsOf(read), SettingsOf(vocabs));
  EXPECT_EQ(VocabularyDifference(read, vocabs), "");
  EXPECT_THAT(VocabularyDifference(read, loaded_.vocabs), HasSubstr("other ids or templates"));
  files_.RemoveFile(directory_ + "/sealed/tokenizer_settings.json");
  EXPECT_THROW(LoadVocabularies(files_, directory_ + "/sealed"), FormatError);
}

TEST_F(ModelDirectoryTest, TwoVocabulariesMayBeNumberedForOneTable) {
  loaded_ = TwoVocabulariesInOneTable();
  const VocabularyPair& vocabs = loaded_.vocabs;
  ASSERT_NE(vocabs.src->size(), SharedTestVocabulary()->size());
  EXPECT_FALSE(vocabs.joint());
  EXPECT_TRUE(IdsAreJoint(vocabs));
  CheckpointContents contents;
  contents.files = ModelFiles(*loaded_.model, loaded_.model->parameters().values(), vocabs, nullptr);
  WriteCheckpoint(files_, directory_ + "/model", contents);
  const TranslationModel read = LoadTranslationModel(files_, directory_ + "/model");
  EXPECT_EQ(VocabularyDifference(read.vocabs, vocabs), "");
  EXPECT_TRUE(IdsAreJoint(read.vocabs));
  EXPECT_EQ(read.model->config().tying, Tying::kAll);
}

TEST_F(ModelDirectoryTest, IdsAreJointWhereNoneMeansTwoTokens) {
  const auto usual = SharedTestVocabulary();
  EXPECT_TRUE(IdsAreJoint({usual, usual}));
  EXPECT_TRUE(IdsAreJoint({usual, std::make_shared<const Tokenizer>(TestVocabulary())}));
  VocabOptions options = SmallVocabOptions();
  options.type = VocabType::kBpe;
  const auto bpe = std::make_shared<const Tokenizer>(Tokenizer::FromBytes(TrainTestModel(options), "bpe.model"));
  ASSERT_EQ(bpe->size(), usual->size());
  EXPECT_FALSE(IdsAreJoint({usual, bpe}));
  const auto with = [&](const TokenizerSettingsPair& settings) {
    return WithSettings({usual, usual}, settings.ToJson(), "settings");
  };
  EXPECT_FALSE(IdsAreJoint(with({Reversed(*usual), {}}))) << "one vocabulary, but two numberings";
  EXPECT_FALSE(IdsAreJoint(with({{.padding_rows = 1}, {}}))) << "another number of rows";
  EXPECT_TRUE(IdsAreJoint(with({{.padding_rows = 1}, {.added = {{"<a>", usual->size()}}}})));
}

}  // namespace
}  // namespace dragoman
