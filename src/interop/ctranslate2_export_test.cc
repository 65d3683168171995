// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "archive/tensor_archive.h"
#include "interop/export_testing.h"
#include "text/word_segmenter.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// What of ConfigsOfEveryKind CTranslate2 has no place for.
bool IsRefused(const TransformerConfig& c) {
  return c.copy || c.decoder_ssru || c.has_segments() || c.encoder_repeats > 1 || c.decoder_repeats > 1 ||
         c.relative_per_layer || c.ffn_depth > 2 || (c.relative_buckets > 0 && c.positions != Positions::kNone);
}

std::vector<NamedConfig> Expressible() {
  std::vector<NamedConfig> configs = ConfigsOfEveryKind();
  std::erase_if(configs, [](const NamedConfig& kind) { return IsRefused(kind.config); });
  TransformerConfig t5 = TinyConfig();
  t5.positions = Positions::kNone;
  t5.relative_buckets = 8;
  t5.relative_max_distance = 12;
  t5.norm_kind = NormKind::kRms;
  t5.norm_bias = t5.bias = t5.scale_embedding = false;
  t5.tying = Tying::kEmbeddings;
  configs.push_back({"relative positions alone", t5});
  TransformerConfig sinusoids = TinyConfig();
  sinusoids.sinusoid_layout = SinusoidLayout::kHalves;
  sinusoids.sinusoid_exponent = SinusoidExponent::kTensor2Tensor;
  sinusoids.first_position = 2;
  sinusoids.activation = kernels::Activation::kSilu;
  sinusoids.norm_epsilon = 3e-7f;
  configs.push_back({"sinusoids of another kind", sinusoids});
  return configs;
}

// What an import says of a model that was exported: positions are a table, and norms have biases.
TransformerConfig AsImported(TransformerConfig config) {
  if (config.relative_buckets == 0) config.positions = Positions::kLearned;
  if (config.relative_buckets > 0) config.max_src_len = config.max_tgt_len = 1024;
  if (config.norm_kind == NormKind::kLayer) config.norm_bias = true;
  return WithoutIdleFields(config);
}

class CTranslate2ExportTest : public testing::TestWithParam<NamedConfig> {};

TEST_P(CTranslate2ExportTest, ComesBackAsItWas) {
  const TransformerConfig& config = GetParam().config;
  const VocabularyPair vocabs = config.src_vocab == config.tgt_vocab ? TestVocabularies() : TwoTestVocabularies();
  const auto model = RandomModelOf(config, vocabs);
  const TestFolder folder;
  const Reimported back = ExportAndImport(*model, vocabs, ExportTarget::kCTranslate2, folder);
  EXPECT_EQ(back.foreign.family, "CTranslate2");
  EXPECT_EQ(WithoutIdleFields(back.model->config()).ToJson(), AsImported(model->config()).ToJson());
  ExpectSameModel(*back.model, *model);
  for (const std::string& text : {TestSentences()[0], TestSentences()[3]}) {
    EXPECT_EQ(back.foreign.vocabs.src->Encode(text), vocabs.src->Encode(text));
    EXPECT_EQ(back.foreign.vocabs.tgt->Encode(text), vocabs.tgt->Encode(text));
  }
  EXPECT_EQ(back.foreign.vocabs.src->sentence().suffix, vocabs.src->sentence().suffix);
}

INSTANTIATE_TEST_SUITE_P(Kinds, CTranslate2ExportTest, testing::ValuesIn(Expressible()), [](const auto& test) {
  std::string name = std::to_string(test.index) + "_" + test.param.name;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
});

class CTranslate2FilesTest : public testing::Test {
 protected:
  // What the files hold of a model with these vocabularies.
  void Export(const VocabularyPair& vocabs, TransformerConfig config = TinyConfig()) {
    const auto model = RandomModelOf(config, vocabs);
    exported_ = PrepareExport({*model, vocabs, {}}, ExportTarget::kCTranslate2);
    RemoveAll(RealFileSystem(), folder_ / "out");
    WriteExport(RealFileSystem(), exported_, folder_ / "out");
  }
  nlohmann::json Json(const std::string& name) const {
    return nlohmann::json::parse(ReadFile(RealFileSystem(), folder_ / ("out/" + name)));
  }
  std::vector<std::string> Names() const { return RealFileSystem().List(folder_ / "out"); }

  TestFolder folder_;
  ExportedModel exported_;
};

TEST_F(CTranslate2FilesTest, AreThoseOfAConverter) {
  const VocabularyPair vocabs = TestVocabularies();
  Export(vocabs);
  EXPECT_THAT(Names(), ElementsAre("config.json", "model.bin", "sentencepiece.model", "shared_vocabulary.json"));
  const nlohmann::json config = Json("config.json");
  EXPECT_EQ(config["layer_norm_epsilon"], 1e-5);
  EXPECT_EQ(config["decoder_start_token"], "<s>");
  EXPECT_EQ(config["add_source_eos"], true);
  EXPECT_EQ(config["add_source_bos"], false);
  const nlohmann::json tokens = Json("shared_vocabulary.json");
  ASSERT_EQ(tokens.size(), static_cast<size_t>(vocabs.src->size()));
  for (int32_t id = 0; id < vocabs.src->size(); ++id) EXPECT_EQ(tokens[static_cast<size_t>(id)], vocabs.src->Piece(id));
  const auto archive = OpenCTranslate2Binary(RealFileSystem(), folder_ / "out/model.bin");
  EXPECT_EQ(archive->binary_version(), 6);
  EXPECT_EQ(archive->spec_name(), "TransformerSpec");
  EXPECT_EQ(archive->spec_revision(), 7);
  EXPECT_EQ(archive->Find("encoder/num_heads").dtype, DType::kI16);
  EXPECT_EQ(archive->Find("encoder/pre_norm").dtype, DType::kI8);
  EXPECT_THAT(archive->Find("encoder/num_heads").shape, ElementsAre());
}

TEST_F(CTranslate2FilesTest, TwoVocabulariesAreTwo) {
  TransformerConfig config = TinyConfig();
  config.tying = Tying::kDecoder;
  Export(TwoTestVocabularies(), config);
  EXPECT_THAT(Names(), ElementsAre("config.json", "model.bin", "source.spm", "source_vocabulary.json", "target.spm",
                                   "target_vocabulary.json"));
}

// Ids in another order, added tokens around a sentence, rows that mean nothing.
TEST_F(CTranslate2FilesTest, WhatItsCallersHaveToSayIsToldThem) {
  TokenizerSettingsPair settings = OddSettings(TestVocabulary());
  settings.src.padding_rows = settings.tgt.padding_rows = 3;
  const VocabularyPair vocabs = TestVocabularies(settings);
  Export(vocabs);
  const nlohmann::json config = Json("config.json"), tokens = Json("shared_vocabulary.json");
  EXPECT_EQ(config["add_source_eos"], false);
  EXPECT_EQ(tokens[static_cast<size_t>(vocabs.src->eos_id())], "</s>");
  const auto size = static_cast<size_t>(vocabs.src->size());
  EXPECT_EQ(tokens[size - 1], "<b>");
  EXPECT_EQ(tokens[size], "<row-" + std::to_string(size) + ">");
  EXPECT_THAT(exported_.notes, Contains(HasSubstr("\"<a>\" before them, \"</s>\" \"<b>\" behind them")));
  EXPECT_THAT(exported_.notes, Contains(HasSubstr("begins with \"<b>\" \"<a>\": pass it as target_prefix")));
  EXPECT_THAT(exported_.notes, Contains(AllOf(HasSubstr("5 tokens"), HasSubstr("[\"<a>\"], [\"<b>\"], [\"<row-"))));
  EXPECT_THAT(exported_.notes, Contains(HasSubstr("disable_unk=True, max_input_length=24, max_decoding_length=24")));
  const ForeignModel back = OpenForeign(RealFileSystem(), folder_ / "out", {});
  EXPECT_EQ(back.vocabs.src->Encode(TestSentences()[0]), vocabs.src->Encode(TestSentences()[0]));
  EXPECT_FALSE(back.vocabs.tgt->Has(static_cast<int32_t>(size)));  // a row that means nothing stays one
  EXPECT_EQ(back.vocabs.tgt->rows(), vocabs.tgt->rows());
}

TEST_F(CTranslate2FilesTest, AVectorOfZerosStartsTheDecoderAsThere) {
  TransformerConfig config = TinyConfig();
  config.decoder_start = -1;
  Export(TestVocabularies(), config);
  const auto archive = OpenCTranslate2Binary(RealFileSystem(), folder_ / "out/model.bin");
  EXPECT_TRUE(archive->Has("decoder/start_from_zero_embedding"));
  EXPECT_EQ(Json("config.json")["decoder_start_token"], "</s>");
}

TEST_F(CTranslate2FilesTest, AListOfWordsComesBack) {
  const std::string list = WordListOf(std::vector<std::string>{"<unk>", "<s>", "</s>", "a", "b@@"});
  const auto one = std::make_shared<const Tokenizer>(Tokenizer::FromBytes(list, "words"));
  Export({one, one});
  EXPECT_THAT(Names(), ElementsAre("config.json", "model.bin", "shared_vocabulary.json"));
  EXPECT_THAT(exported_.notes, Contains(HasSubstr("in pieces of its vocabulary")));
  EXPECT_EQ(OpenForeign(RealFileSystem(), folder_ / "out", {}).vocabs.src->serialized(), list);
}

TEST(CTranslate2RefusalTest, NamesWhatCTranslate2HasNot) {
  const VocabularyPair vocabs = TestVocabularies();
  for (const NamedConfig& kind : ConfigsOfEveryKind()) {
    if (!IsRefused(kind.config)) continue;
    const auto model = RandomModelOf(kind.config, vocabs);
    const std::string message = ExportError(*model, vocabs, ExportTarget::kCTranslate2);
    const TransformerConfig& c = kind.config;
    const char* const field = c.copy                  ? "copy"
                              : c.decoder_ssru        ? "decoder_ssru"
                              : c.has_segments()      ? "segment_end"
                              : c.decoder_repeats > 1 ? "decoder_repeats"
                              : c.relative_per_layer  ? "relative_per_layer"
                              : c.ffn_depth > 2       ? "ffn_depth"
                                                      : "positions";
    EXPECT_THAT(message, AllOf(HasSubstr("CTranslate2"), HasSubstr(field))) << kind.name;
  }
}

}  // namespace
}  // namespace dragoman
