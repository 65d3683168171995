// SPDX-License-Identifier: Apache-2.0
// Tiny models of Marian's and CTranslate2's, written here: what they say is what is read, and whatever else a file may
// hold is an error. (Whether they then compute what those programs compute, their recorded values tell.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "archive/archive_testing.h"
#include "interop/import.h"
#include "interop/interop_testing.h"
#include "interop/tiny_models_testing.h"
#include "text/vocabulary_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

void WriteMarianBinary(const TestFolder& folder, const std::string& settings = kTinyMarianSettings,
                       const std::function<void(std::vector<Numbers>*)>& change = {}) {
  folder.Write("model.bin", TinyMarianBinary(settings, change));
  folder.Write("vocab.yml", kTinyMarianVocabulary);
}

void WriteMarianNpz(const TestFolder& folder) {
  folder.Write("model.npz", TinyMarianNpz());
  folder.Write("vocab.yml", kTinyMarianVocabulary);
}

void WriteCTranslate2(const TestFolder& folder) {
  folder.Write("model.bin", TinyCTranslate2Binary());
  folder.Write("config.json", kCTranslate2Config);
  folder.Write("shared_vocabulary.json", kCTranslate2Vocabulary);
}

struct Case {
  const char* name;
  void (*write)(const TestFolder&);
  ModelSource from;
};

class ForeignModelTest : public testing::TestWithParam<Case> {
 protected:
  ForeignModelTest() { GetParam().write(folder_); }
  std::string ImportError() const {
    return ErrorIn([&] { ReadForeign(OpenForeign(RealFileSystem(), folder_.path(), {.from = GetParam().from})); });
  }

  TestFolder folder_;
};

TEST_P(ForeignModelTest, IsReadAsItIs) {
  ASSERT_EQ(ImportError(), "");
  const ForeignModel foreign = OpenForeign(RealFileSystem(), folder_.path(), {.from = GetParam().from});
  EXPECT_EQ(foreign.config.d_model, kWidth);
  EXPECT_EQ(foreign.config.d_ff, kInner);
  EXPECT_EQ(foreign.config.heads, 2);
  EXPECT_EQ(foreign.config.encoder_layers, 1);
  EXPECT_EQ(foreign.config.tgt_vocab, kPieces);
  const int32_t a = GetParam().from == ModelSource::kMarian ? 2 : 3;
  EXPECT_THAT(foreign.vocabs.src->Encode("a b zebra"), ElementsAre(a, a + 1, foreign.vocabs.src->unk_id()));
}

// An error of ours, in one line, or a model; whatever else would end the test.
TEST_P(ForeignModelTest, AnyChangedByteIsAnErrorOrAModel) {
  for (const std::string& name : RealFileSystem().List(folder_.path())) {
    const std::string bytes = ReadFile(RealFileSystem(), folder_ / name, 1 << 20);
    const size_t stride = bytes.size() < 1000 ? 5 : 83;
    for (size_t at = 0; at < bytes.size(); at += stride) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
      folder_.Write(name, changed);
      const std::string error = ImportError();
      EXPECT_THAT(error, Not(HasSubstr("nternal"))) << name << ' ' << at;
      EXPECT_EQ(error.find('\n'), error.npos) << error;
    }
    folder_.Write(name, bytes);
  }
}

TEST_P(ForeignModelTest, ACutFileIsAnErrorOrAModel) {
  for (const std::string& name : RealFileSystem().List(folder_.path())) {
    const std::string bytes = ReadFile(RealFileSystem(), folder_ / name, 1 << 20);
    for (size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 30) {
      folder_.Write(name, bytes.substr(0, size));
      const std::string error = ImportError();
      EXPECT_THAT(error, Not(HasSubstr("nternal"))) << name << ' ' << size;
      if (name.starts_with("model.")) {
        EXPECT_THAT(error, HasSubstr(name)) << size;
      }
    }
    RealFileSystem().RemoveFile(folder_ / name);
    if (name != "config.json") {  // which CTranslate2's need not have
      EXPECT_NE(ImportError(), "") << name;
    }
    folder_.Write(name, bytes);
  }
}

TEST_P(ForeignModelTest, SwappedFilesAreAnError) {
  const std::vector<std::string> names = RealFileSystem().List(folder_.path());
  for (size_t i = 0; i + 1 < names.size(); ++i) {
    const std::string one = ReadFile(RealFileSystem(), folder_ / names[i], 1 << 20),
                      other = ReadFile(RealFileSystem(), folder_ / names[i + 1], 1 << 20);
    folder_.Write(names[i], other);
    folder_.Write(names[i + 1], one);
    EXPECT_NE(ImportError(), "") << names[i];
    folder_.Write(names[i], one);
    folder_.Write(names[i + 1], other);
  }
}

INSTANTIATE_TEST_SUITE_P(Written, ForeignModelTest,
                         testing::Values(Case{"MarianBinary",
                                              [](const TestFolder& folder) { WriteMarianBinary(folder); },
                                              ModelSource::kMarian},
                                         Case{"MarianNpz", WriteMarianNpz, ModelSource::kMarian},
                                         Case{"CTranslate2", WriteCTranslate2, ModelSource::kCTranslate2}),
                         [](const auto& test) { return test.param.name; });

class MarianTest : public testing::Test {
 protected:
  std::string ErrorOf(const std::string& settings,
                      const std::function<void(std::vector<Numbers>*)>& change = {}) const {
    WriteMarianBinary(folder_, settings, change);
    return ErrorIn([&] { OpenForeign(RealFileSystem(), folder_ / "model.bin", {}); });
  }
  TestFolder folder_;
};

TEST_F(MarianTest, SettingsThatAreNotBuiltHereAreAnErrorOfTheirKey) {
  EXPECT_EQ(ErrorOf(kTinyMarianSettings), "");
  const std::string usual = kTinyMarianSettings;
  EXPECT_THAT(ErrorOf(usual + "transformer-alibi: true\n"),
              AllOf(HasSubstr("model.bin"), HasSubstr("transformer-alibi")));
  EXPECT_THAT(ErrorOf(usual + "ulr: true\n"), AllOf(HasSubstr("\"ulr\""), HasSubstr("expected false")));
  EXPECT_THAT(ErrorOf(usual + "transformer-ffn-activation: mish\n"), HasSubstr("relu, swish or gelu"));
  EXPECT_THAT(ErrorOf(usual + "transformer-postprocess: n\n"), HasSubstr("transformer-postprocess"));
  EXPECT_THAT(ErrorOf(usual + "transformer-tied-layers: [1, 1]\n"), HasSubstr("transformer-tied-layers"));
  EXPECT_THAT(ErrorOf("dim-emb: 4\n"), HasSubstr("model.bin"));
  EXPECT_THAT(ErrorOf("type: [\n"), HasSubstr("model.bin:"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("model.bin"));
}

TEST_F(MarianTest, EmbeddingsAreScaledWherePositionsAreAdded) {
  EXPECT_EQ(ErrorOf(kTinyMarianSettings), "");
  EXPECT_TRUE(OpenForeign(RealFileSystem(), folder_ / "model.bin", {}).config.scale_embedding);
  EXPECT_EQ(ErrorOf(std::string(kTinyMarianSettings) + "transformer-disable-position-embeddings: true\n"), "");
  const TransformerConfig config = OpenForeign(RealFileSystem(), folder_ / "model.bin", {}).config;
  EXPECT_EQ(config.positions, Positions::kNone);
  EXPECT_FALSE(config.scale_embedding);
}

TEST_F(MarianTest, SizesAreThoseOfTheTensors) {
  for (const char* const line :
       {"dim-emb: 65536\n", "enc-depth: 1000\n", "dec-depth: 1000\n", "transformer-dim-ffn: 262144\n",
        "transformer-heads: 3\n", "transformer-heads: 1024\n", "enc-depth: 16777216\n"}) {
    std::string settings = kTinyMarianSettings;
    const std::string key = std::string(line).substr(0, std::string(line).find(':'));
    const size_t at = settings.find(key + ":");
    settings.replace(at, settings.find('\n', at) + 1 - at, line);
    EXPECT_THAT(ErrorOf(settings), HasSubstr(folder_.path())) << line;
  }
}

TEST_F(MarianTest, TensorsThatAreMissingOrTooManyAreNamed) {
  EXPECT_THAT(ErrorOf(kTinyMarianSettings,
                      [](auto* tensors) {
                        std::erase_if(*tensors,
                                      [](const Numbers& tensor) { return tensor.name == "encoder_l1_self_bk"; });
                      }),
              AllOf(HasSubstr("model.bin"), HasSubstr("encoder_l1_self_bk")));
  EXPECT_THAT(ErrorOf(kTinyMarianSettings,
                      [](auto* tensors) {
                        tensors->push_back({"encoder_l2_self_Wq", {4, 4}});
                      }),
              AllOf(HasSubstr("encoder_l2_self_Wq"), HasSubstr("no place")));
  EXPECT_THAT(ErrorOf(kTinyMarianSettings, [](auto* tensors) { tensors->front().shape = {kPieces}; }),
              HasSubstr("Wemb"));
  EXPECT_THAT(ErrorOf(kTinyMarianSettings, [](auto* tensors) { tensors->front().name = "encoder_Wemb"; }),
              HasSubstr("Wemb"));
}

// Of which the first also has rows that mean nothing.
TEST(CTranslate2VocabularyTest, SentencePieceModelsBesideAModelCutItsText) {
  const TestFolder folder;
  const std::string src = TrainTestModel(SmallVocabOptions()), tgt = EndingsVocabulary().serialized();
  const Tokenizer plain = Tokenizer::FromBytes(src, "plain");
  std::vector<std::string> tokens;
  for (int32_t id = 0; id < plain.size(); ++id) tokens.push_back(plain.Piece(id));
  tokens.push_back("<row-" + std::to_string(plain.size()) + ">");
  tokens.push_back("<row-0>");  // which is only called so
  folder.Write("model.bin", TinyCTranslate2Binary(static_cast<int>(tokens.size())));
  folder.Write("shared_vocabulary.json", nlohmann::json(tokens).dump());
  const std::string text = TestSentences()[0];
  const auto encode = [&](const CTranslate2Options& options) {
    return OpenForeign(RealFileSystem(), folder.path(), {.ctranslate2 = options}).vocabs.src->Encode(text);
  };
  const std::vector<int32_t> cut = plain.Encode(text);
  EXPECT_NE(encode({}), cut) << "without one, text comes cut";
  folder.Write("sentencepiece.model", src);
  EXPECT_EQ(encode({}), cut);
  const ForeignModel foreign = OpenForeign(RealFileSystem(), folder.path(), {});
  const Tokenizer& there = *foreign.vocabs.tgt;
  EXPECT_FALSE(there.Has(plain.size()));
  EXPECT_TRUE(there.Has(plain.size() + 1));
  RealFileSystem().RemoveFile(folder / "sentencepiece.model");
  folder.Write("source.spm", src);
  EXPECT_NE(encode({}), cut) << "one of two is none";
  folder.Write("target.spm", tgt);
  EXPECT_EQ(encode({}), cut);
  folder.Write("other.model", tgt);
  EXPECT_NE(encode({.spm = folder / "other.model"}), cut) << "what is named comes first";
}

TEST(ArgosTest, APackageIsReadFromItsZip) {
  const TestFolder folder;
  const std::string sentencepiece = TrainTestModel(SmallVocabOptions());
  const Tokenizer plain = Tokenizer::FromBytes(sentencepiece, "plain");
  std::vector<std::string> pieces;  // in another order, and one more
  for (int32_t id = plain.size() - 1; id >= 0; --id) pieces.push_back(plain.Piece(id));
  pieces.push_back("zebra");
  const std::string path = folder.Write(
      "en_de.argosmodel",
      ZipOf({{"en_de/metadata.json", R"({"type": "translate", "from_name": "English", "to_name": "German"})"},
             {"en_de/sentencepiece.model", sentencepiece},
             {"en_de/model/model.bin", TinyCTranslate2Binary(static_cast<int>(pieces.size())), /*deflate=*/true},
             {"en_de/model/shared_vocabulary.json", nlohmann::json(pieces).dump()}}));
  const ForeignModel foreign = OpenForeign(RealFileSystem(), path, {});
  EXPECT_NE(ReadForeign(foreign), nullptr);
  EXPECT_EQ(foreign.about.name, "English to German");
  const Tokenizer& tgt = *foreign.vocabs.tgt;
  EXPECT_EQ(tgt.Find("zebra"), plain.size());
  for (const std::string& text : {TestSentences()[0], TestSentences()[3], std::string("zebra")}) {
    std::vector<int32_t> expected;
    for (const int32_t id : plain.Encode(text)) expected.push_back(plain.size() - 1 - id);
    EXPECT_EQ(tgt.Encode(text), expected) << text;
  }
}

}  // namespace
}  // namespace dragoman
