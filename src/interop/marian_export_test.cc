// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/tensor_archive.h"
#include "interop/export_testing.h"
#include "text/word_segmenter.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TransformerConfig MariansConfig() {
  TransformerConfig config = TinyConfig();
  config.sinusoid_layout = SinusoidLayout::kHalves;
  config.sinusoid_exponent = SinusoidExponent::kTensor2Tensor;
  config.norm_epsilon = 1e-6f;
  config.decoder_start = -1;
  config.output_bias = true;
  return config;
}

std::vector<NamedConfig> Expressible() {
  std::vector<NamedConfig> configs = {{"post_norm", MariansConfig()}};
  TransformerConfig pre = MariansConfig();
  pre.norm_order = NormOrder::kPre;
  pre.final_norm = true;
  pre.activation = kernels::Activation::kSilu;
  pre.tying = Tying::kEmbeddings;
  configs.push_back({"pre_norm", pre});
  TransformerConfig recurrent = MariansConfig();
  recurrent.decoder_ssru = true;
  recurrent.activation = kernels::Activation::kRelu;
  recurrent.decoder_layers = 1;
  configs.push_back({"recurrent", recurrent});
  recurrent.norm_order = NormOrder::kPre;
  configs.push_back({"recurrent_pre_norm", recurrent});
  TransformerConfig two = MariansConfig();
  two.tying = Tying::kDecoder;
  two.tgt_vocab = two.src_vocab + 1;  // two vocabularies
  two.embedding_norm = true;
  two.activation = kernels::Activation::kGeluSigmoid;
  configs.push_back({"two_vocabularies", two});
  two.tying = Tying::kNone;
  two.output_bias = false;
  two.positions = Positions::kNone;
  two.scale_embedding = false;
  configs.push_back({"untied_without_positions", two});
  return configs;
}

class MarianExportTest : public testing::TestWithParam<NamedConfig> {};

TEST_P(MarianExportTest, ComesBackAsItWas) {
  const TransformerConfig& config = GetParam().config;
  const VocabularyPair vocabs = config.src_vocab == config.tgt_vocab ? TestVocabularies() : TwoTestVocabularies();
  const auto model = RandomModelOf(config, vocabs);
  const TestFolder folder;
  const Reimported back = ExportAndImport(*model, vocabs, ExportTarget::kMarian, folder);
  EXPECT_EQ(back.foreign.family, "Marian");
  TransformerConfig expected = model->config();
  expected.max_src_len = expected.max_tgt_len = 1024;  // which Marian's files do not say
  EXPECT_EQ(WithoutIdleFields(back.model->config()).ToJson(), WithoutIdleFields(expected).ToJson());
  ExpectSameModel(*back.model, *model);
  EXPECT_EQ(back.foreign.vocabs.src->fingerprint(), vocabs.src->fingerprint());
  EXPECT_EQ(back.foreign.vocabs.tgt->fingerprint(), vocabs.tgt->fingerprint());
}

INSTANTIATE_TEST_SUITE_P(Kinds, MarianExportTest, testing::ValuesIn(Expressible()),
                         [](const auto& test) { return test.param.name; });

class MarianFilesTest : public testing::Test {
 protected:
  void Export(const VocabularyPair& vocabs, const TransformerConfig& config = MariansConfig()) {
    const auto model = RandomModelOf(config, vocabs);
    exported_ = PrepareExport({*model, vocabs, {}}, ExportTarget::kMarian);
    RemoveAll(RealFileSystem(), folder_ / "out");
    WriteExport(RealFileSystem(), exported_, folder_ / "out");
  }
  std::string Text(const std::string& name) const { return ReadFile(RealFileSystem(), folder_ / ("out/" + name)); }
  std::string Settings() const {
    return OpenNpzArchive(RealFileSystem(), folder_ / "out/model.npz")->ReadBytes("special:model.yml");
  }
  std::vector<std::string> Names() const { return RealFileSystem().List(folder_ / "out"); }

  TestFolder folder_;
  ExportedModel exported_;
};

TEST_F(MarianFilesTest, AreWhatMariansDecoderOpens) {
  const VocabularyPair vocabs = TestVocabularies();
  Export(vocabs);
  EXPECT_THAT(Names(), ElementsAre("decoder.yml", "model.npz", "vocab.spm"));
  EXPECT_EQ(Text("vocab.spm"), vocabs.src->serialized());
  EXPECT_THAT(Text("decoder.yml"), AllOf(HasSubstr("relative-paths: true\n"), HasSubstr("models:\n  - model.npz\n"),
                                         HasSubstr("vocabs:\n  - vocab.spm\n  - vocab.spm\n")));
  const std::string settings = Settings();
  EXPECT_EQ(settings.find('\0'), settings.size() - 1);
  EXPECT_THAT(settings, AllOf(HasSubstr("type: transformer\n"), HasSubstr("tied-embeddings-all: true\n"),
                              HasSubstr("version: v1.12.42\n"), HasSubstr("transformer-preprocess: \"\"\n")));
  const auto archive = OpenNpzArchive(RealFileSystem(), folder_ / "out/model.npz");
  EXPECT_THAT(archive->Find("encoder_l1_self_bq").shape, ElementsAre(1, 8));
  EXPECT_THAT(exported_.notes, Contains(HasSubstr("GELU")));
}

TEST_F(MarianFilesTest, AnOlderVersionHasTheApproximateGelu) {
  TransformerConfig config = MariansConfig();
  config.activation = kernels::Activation::kGeluSigmoid;
  Export(TestVocabularies(), config);
  EXPECT_THAT(Settings(), HasSubstr("version: v1.11.0\n"));
}

TEST_F(MarianFilesTest, OfNormsBeforeSubLayersThereIsAWarning) {
  TransformerConfig config = MariansConfig();
  config.activation = kernels::Activation::kRelu;
  Export(TestVocabularies(), config);
  EXPECT_THAT(exported_.notes, ElementsAre());
  config.norm_order = NormOrder::kPre;
  Export(TestVocabularies(), config);
  EXPECT_THAT(exported_.notes, ElementsAre(HasSubstr("`norm_order` pre")));
}

// Interleaved sinusoids become halves: the same model but for the order of its width.
TEST_F(MarianFilesTest, SinusoidsComeInHalves) {
  TransformerConfig config = MariansConfig();
  config.sinusoid_layout = SinusoidLayout::kInterleaved;
  const VocabularyPair vocabs = TestVocabularies();
  const auto model = RandomModelOf(config, vocabs);
  const Reimported back = ExportAndImport(*model, vocabs, ExportTarget::kMarian, folder_);
  const std::vector<float> found = LogitsOf(*back.model), expected = LogitsOf(*model);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-4f) << i;
}

TEST_F(MarianFilesTest, AVocabularyThatIsMoreThanSentencePieceGoesAsPiecesAndIds) {
  const std::string list = WordListOf(std::vector<std::string>{"<unk>", "<s>", "</s>", "a", "b@@", "\"", "null"});
  const auto one = std::make_shared<const Tokenizer>(Tokenizer::FromBytes(list, "words"));
  Export({one, one});
  EXPECT_THAT(Names(), ElementsAre("decoder.yml", "model.npz", "vocab.yml"));
  EXPECT_THAT(Text("vocab.yml"), HasSubstr("\"b@@\": 4\n\"\\\"\": 5\n\"null\": 6\n"));
  EXPECT_EQ(OpenForeign(RealFileSystem(), folder_ / "out", {}).vocabs.src->serialized(), list);
  const Tokenizer usual = TestVocabulary();
  const VocabularyPair reversed = TestVocabularies({Reversed(usual), Reversed(usual)});
  Export(reversed);
  EXPECT_THAT(Names(), ElementsAre("decoder.yml", "model.npz", "source.spm", "target.spm", "vocab.yml"));
  const ForeignModel back = OpenForeign(RealFileSystem(), folder_ / "out", {});
  EXPECT_EQ(back.vocabs.src->Encode(TestSentences()[0]), reversed.src->Encode(TestSentences()[0]));
  EXPECT_THAT(exported_.notes, Contains(HasSubstr("source.spm and target.spm")));
}

TEST(MarianRefusalTest, OneMessageNamesAllThatIsOtherwise) {
  const VocabularyPair vocabs = TestVocabularies();
  TransformerConfig config = TinyConfig();
  config.gated = true;
  const std::string message = ExportError(*RandomModelOf(config, vocabs), vocabs, ExportTarget::kMarian);
  for (const char* const part : {"Marian", "norm_epsilon is 1e-05, expected 1e-06", "sinusoid_exponent is paper",
                                 "decoder_start is 1, expected -1", "gated", "`norm_epsilon` 1e-6"}) {
    EXPECT_THAT(message, HasSubstr(part));
  }
  EXPECT_THAT(message, Not(HasSubstr("sinusoid_layout"))) << "which an export turns";
  EXPECT_THAT(message, Not(HasSubstr("d_model")));
}

TEST(MarianRefusalTest, EachFieldThatMarianHasNotIsNamed) {
  const VocabularyPair vocabs = TestVocabularies();
  for (const NamedConfig& kind : ConfigsOfEveryKind()) {
    EXPECT_THAT(ExportError(*RandomModelOf(kind.config, vocabs), vocabs, ExportTarget::kMarian),
                AllOf(HasSubstr("Marian"), HasSubstr("norm_epsilon")))
        << kind.name;
  }
}

TEST(MarianRefusalTest, TemplatesThatItsDecoderHasNotAreNamed) {
  const Tokenizer usual = TestVocabulary();
  TokenizerSettingsPair settings = OddSettings(usual);
  const VocabularyPair odd = TestVocabularies(settings);
  EXPECT_THAT(ExportError(*RandomModelOf(MariansConfig(), odd), odd, ExportTarget::kMarian),
              HasSubstr("ends in \"</s>\" \"<b>\", expected </s>"));
  settings.src = {};
  settings.tgt = {};
  settings.src.added = settings.tgt.added = {{"<a>", usual.size()}};
  settings.tgt.prefix = {usual.size()};
  const VocabularyPair prefixed = TestVocabularies(settings);
  EXPECT_THAT(ExportError(*RandomModelOf(MariansConfig(), prefixed), prefixed, ExportTarget::kMarian),
              HasSubstr("begins with \"<a>\""));
}

}  // namespace
}  // namespace dragoman
