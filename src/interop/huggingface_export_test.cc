// SPDX-License-Identifier: Apache-2.0
// Models of ours as transformers', which an import finds to be what they were.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/faulty_file_system_testing.h"
#include "interop/export.h"
#include "interop/export_testing.h"
#include "interop/huggingface_tokens.h"
#include "interop/import.h"
#include "interop/interop_testing.h"
#include "text/byte_bpe_testing.h"
#include "text/vocabulary_testing.h"
#include "text/word_segmenter.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr float kTolerance = 1e-5f;  // of the largest logit: sums in another order

// A vocabulary for both sides, or two.
VocabularyPair PairWith(std::shared_ptr<const Segmenter> src, std::shared_ptr<const Segmenter> tgt,
                        const TokenizerSettingsPair& settings = {}) {
  return PairOf(std::move(src), std::move(tgt), settings, "test");
}

std::shared_ptr<const Segmenter> Pieces(int size = 90) {
  return Tokenizer::FromBytes(TrainTestModel(SmallVocabOptions(size)), "test.model").segmenter();
}

VocabularyPair OneVocabulary() {
  static const std::shared_ptr<const Segmenter> pieces = Pieces();
  return PairWith(pieces, pieces);
}

VocabularyPair TwoVocabularies() { return PairWith(Pieces(), Pieces(80)); }

// As `dragoman train` makes it by default, but small.
TransformerConfig ConfigFor(const VocabularyPair& vocabs) {
  TransformerConfig config = TinyConfig();
  config.activation = kernels::Activation::kRelu;
  config.src_vocab = vocabs.src->rows();
  config.tgt_vocab = vocabs.tgt->rows();
  if (!IdsAreJoint(vocabs)) config.tying = Tying::kDecoder;
  return config;
}

TransformerConfig PreNorm(TransformerConfig config) {
  config.norm_order = NormOrder::kPre;
  config.final_norm = true;
  return config;
}

TransformerConfig T5Config(const VocabularyPair& vocabs) {
  TransformerConfig config = PreNorm(ConfigFor(vocabs));
  config.norm_kind = NormKind::kRms;
  config.norm_bias = config.bias = config.scale_embedding = false;
  config.positions = Positions::kNone;
  config.attention_scale = 1;
  config.relative_buckets = 8;
  config.relative_max_distance = 20;
  config.d_head = 3;
  return config;
}

TransformerConfig M2m100Config(const VocabularyPair& vocabs) {
  TransformerConfig config = PreNorm(ConfigFor(vocabs));
  config.sinusoid_exponent = SinusoidExponent::kTensor2Tensor;
  config.first_position = 2;
  config.decoder_start = 2;
  return config;
}

class HuggingFaceExportTest : public testing::Test {
 protected:
  ExportedModel Prepare(const Transformer& model, const VocabularyPair& vocabs) const {
    const ModelAbout about;
    return PrepareExport({model, vocabs, about}, ExportTarget::kHuggingFace);
  }
  std::string PrepareError(const TransformerConfig& config, const VocabularyPair& vocabs = OneVocabulary()) const {
    return ErrorIn([&] { Prepare(*RandomModel(config), vocabs); });
  }

  // Exports it, and imports that.
  ForeignModel RoundTrip(const Transformer& model, const VocabularyPair& vocabs) {
    RemoveAll(RealFileSystem(), folder_ / "theirs");
    const ExportedModel exported = Prepare(model, vocabs);
    WriteExport(RealFileSystem(), exported, folder_ / "theirs");
    ForeignModel again = OpenForeign(RealFileSystem(), folder_ / "theirs", {});
    EXPECT_EQ(again.family, exported.family);
    return again;
  }
  std::vector<std::string> Files() const { return RealFileSystem().List(folder_ / "theirs"); }

  static void ExpectSameTokens(const Tokenizer& ours, const Tokenizer& theirs) {
    for (int32_t id = 0; id < ours.size(); ++id) {
      ASSERT_EQ(theirs.Has(id), ours.Has(id)) << id;
      if (ours.Has(id)) {
        EXPECT_EQ(theirs.Piece(id), ours.Piece(id));
      }
    }
    EXPECT_EQ(theirs.sentence().prefix, ours.sentence().prefix);
    EXPECT_EQ(theirs.sentence().suffix, ours.sentence().suffix);
    EXPECT_EQ(theirs.settings().languages, ours.settings().languages);
    EXPECT_EQ(theirs.settings().banned, ours.settings().banned);
    for (const std::string& sentence : TestSentences()) EXPECT_EQ(theirs.Encode(sentence), ours.Encode(sentence));
  }

  // That it comes back as a model of that type, and computes and reads the same.
  void ExpectRoundTrip(const TransformerConfig& config, const VocabularyPair& vocabs, const std::string& type) {
    SCOPED_TRACE(type + "\n" + config.ToJson());
    const auto model = RandomModel(config);
    const ForeignModel again = RoundTrip(*model, vocabs);
    EXPECT_EQ(again.family, type + " (Hugging Face)");
    const auto theirs = ReadForeign(again);
    const std::vector<float> expected = LogitsOf(*model, config), found = LogitsOf(*theirs, config);
    EXPECT_LE(LargestDifference(expected, found), kTolerance * Largest(expected));
    ExpectSameTokens(*vocabs.src, *again.vocabs.src);
    ExpectSameTokens(*vocabs.tgt, *again.vocabs.tgt);
  }

  TestFolder folder_;
};

TEST_F(HuggingFaceExportTest, AModelTrainedHereIsMarianMT) {
  const VocabularyPair vocabs = OneVocabulary();
  const TransformerConfig config = ConfigFor(vocabs);
  ExpectRoundTrip(config, vocabs, "marian");
  EXPECT_THAT(Files(), testing::ElementsAre("config.json", "generation_config.json", "model.safetensors", "source.spm",
                                            "target.spm", "tokenizer_config.json", "vocab.json"));
  const ForeignModel again = OpenForeign(RealFileSystem(), folder_ / "theirs", {});
  EXPECT_EQ(again.config.tgt_vocab, config.tgt_vocab + 1) << "a row for <pad>";
  EXPECT_EQ(again.vocabs.tgt->Find("<pad>"), config.tgt_vocab);
}

TEST_F(HuggingFaceExportTest, TheRowOfPadTakesNoProbability) {
  const auto model = RandomModel(ConfigFor(OneVocabulary()));
  const auto theirs = ReadForeign(RoundTrip(*model, OneVocabulary()));
  TransformerConfig all = theirs->config();
  std::vector<float> logits = LogitsOf(*theirs, all);
  for (size_t row = 0; row < logits.size(); row += static_cast<size_t>(all.tgt_vocab)) {
    EXPECT_LT(logits[row + static_cast<size_t>(all.tgt_vocab) - 1], -9000);
  }
}

TEST_F(HuggingFaceExportTest, APaddingRowIsUsedWhereThereIsOne) {
  const std::shared_ptr<const Segmenter> pieces = OneVocabulary().src->segmenter();
  TokenizerSettings padded;
  padded.padding_rows = 2;
  const VocabularyPair vocabs = PairWith(pieces, pieces, {padded, padded});
  const TransformerConfig config = ConfigFor(vocabs);
  ExpectRoundTrip(config, vocabs, "marian");
  const ForeignModel again = OpenForeign(RealFileSystem(), folder_ / "theirs", {});
  EXPECT_EQ(again.config.tgt_vocab, config.tgt_vocab);
}

TEST_F(HuggingFaceExportTest, AZeroVectorThatStartsIsARowOfZeros) {
  TransformerConfig config = ConfigFor(OneVocabulary());
  config.decoder_start = -1;
  ExpectRoundTrip(config, OneVocabulary(), "marian");
  TransformerConfig t5 = T5Config(OneVocabulary());
  t5.decoder_start = -1;
  EXPECT_THAT(PrepareError(t5), HasSubstr("`decoder_start` is -1"))
      << "it has no bias to keep such a row from being said";
}

TEST_F(HuggingFaceExportTest, MarianMTHasEveryTying) {
  TransformerConfig config = ConfigFor(OneVocabulary());
  for (const Tying tying : {Tying::kNone, Tying::kDecoder, Tying::kEmbeddings, Tying::kAll}) {
    config.tying = tying;
    config.output_bias = !config.output_bias;
    ExpectRoundTrip(config, OneVocabulary(), "marian");
  }
}

TEST_F(HuggingFaceExportTest, TwoVocabulariesAreTwoFiles) {
  const VocabularyPair vocabs = TwoVocabularies();
  ExpectRoundTrip(ConfigFor(vocabs), vocabs, "marian");
  EXPECT_THAT(Files(), Contains("target_vocab.json"));
  TransformerConfig untied = ConfigFor(vocabs);
  untied.tying = Tying::kNone;
  ExpectRoundTrip(untied, vocabs, "marian");
}

TEST_F(HuggingFaceExportTest, OtherArithmeticIsAnotherFamily) {
  const VocabularyPair vocabs = OneVocabulary();
  TransformerConfig config = PreNorm(ConfigFor(vocabs));
  ExpectRoundTrip(config, vocabs, "pegasus");
  config.positions = Positions::kLearned;
  config.embedding_norm = true;
  config.activation = kernels::Activation::kGeluTanh;
  ExpectRoundTrip(config, vocabs, "mbart");
  config.norm_order = NormOrder::kPost;
  config.final_norm = false;
  ExpectRoundTrip(config, vocabs, "bart");
  ExpectRoundTrip(M2m100Config(vocabs), vocabs, "m2m_100");
}

TEST_F(HuggingFaceExportTest, RelativePositionsAreT5) {
  const VocabularyPair vocabs = OneVocabulary();
  TransformerConfig config = T5Config(vocabs);
  ExpectRoundTrip(config, vocabs, "t5");
  config.logit_scale = 1 / std::sqrt(static_cast<float>(config.d_model));
  ExpectRoundTrip(config, vocabs, "t5");
  config.logit_scale = 0;
  config.tying = Tying::kEmbeddings;
  config.gated = true;
  for (const auto activation :
       {kernels::Activation::kGelu, kernels::Activation::kGeluTanh, kernels::Activation::kSilu}) {
    config.activation = activation;
    ExpectRoundTrip(config, vocabs, "t5");
  }
  config.relative_per_layer = true;
  ExpectRoundTrip(config, vocabs, "umt5");
}

// Vocabularies as the families' own tokenizers number them.

VocabularyPair Numbered(TokenizerSettingsPair settings, int32_t rows) {
  const std::shared_ptr<const Segmenter> pieces = OneVocabulary().src->segmenter();
  PadTo(rows, *pieces, &settings.src);
  PadTo(rows, *pieces, &settings.tgt);
  return PairWith(pieces, pieces, settings);
}

TEST_F(HuggingFaceExportTest, T5sTokenizerGoesBack) {
  const VocabularyPair vocabs = Numbered(T5Tokens(*OneVocabulary().src->segmenter()), 200);
  ExpectRoundTrip(T5Config(vocabs), vocabs, "t5");
  EXPECT_THAT(Files(), Contains("spiece.model"));
}

TEST_F(HuggingFaceExportTest, PegasusTokenizerGoesBack) {
  const TokenIds added = {{"<mask_1>", 2}, {"<pad>", 4}};
  const VocabularyPair vocabs = Numbered(PegasusTokens(*OneVocabulary().src->segmenter(), added), 200);
  TransformerConfig config = PreNorm(ConfigFor(vocabs));
  config.decoder_start = 4;
  ExpectRoundTrip(config, vocabs, "pegasus");
  EXPECT_THAT(Files(), Contains("spiece.model"));
}

TEST_F(HuggingFaceExportTest, TokenizersOfManyLanguagesGoBack) {
  const Segmenter& pieces = *OneVocabulary().src->segmenter();
  const int32_t next = pieces.info().size + 1;
  const TokenIds added = {{"<pad>", 1}, {"deu_Latn", next}, {"eng_Latn", next + 1}, {"<mask>", next + 2}};
  for (const LanguagePlaces places : {LanguagePlaces::kBefore, LanguagePlaces::kBehind, LanguagePlaces::kBehindAlone}) {
    const VocabularyPair vocabs =
        Numbered(MultilingualTokens(pieces, FairseqIds(pieces), added, /*eos=*/2, places), next + 5);
    TransformerConfig config = M2m100Config(vocabs);
    if (places == LanguagePlaces::kBehindAlone) {
      config = PreNorm(ConfigFor(vocabs));
      config.positions = Positions::kLearned;
      config.embedding_norm = true;
      config.decoder_start = next;
    }
    ExpectRoundTrip(config, vocabs, places == LanguagePlaces::kBehindAlone ? "mbart" : "m2m_100");
    EXPECT_THAT(Files(), Contains("sentencepiece.bpe.model"));
  }
}

TEST_F(HuggingFaceExportTest, M2m100sTokenizerGoesBack) {
  const Segmenter& pieces = *OneVocabulary().src->segmenter();
  TokenIds tokens = {{"<s>", 0}, {"<pad>", 1}, {"</s>", 2}, {"<unk>", 3}};
  int32_t next = 6;  // two rows mean nothing
  for (int32_t piece = 3; piece < pieces.info().size; ++piece) tokens[pieces.Piece(piece)] = next++;
  const TokenIds added = {{"<pad>", 1}, {"__fr__", next}, {"__en__", next + 1}};
  const VocabularyPair vocabs = Numbered(
      MultilingualTokens(pieces, IdsOfPieces(pieces, tokens), added, /*eos=*/2, LanguagePlaces::kBefore), next + 4);
  ExpectRoundTrip(M2m100Config(vocabs), vocabs, "m2m_100");
  EXPECT_THAT(Files(), AllOf(Contains("sentencepiece.bpe.model"), Contains("vocab.json")));
}

TEST_F(HuggingFaceExportTest, MarianMTsLanguagesGoBack) {
  const Segmenter& pieces = *OneVocabulary().src->segmenter();
  TokenIds tokens;
  for (int32_t piece = 0; piece < pieces.info().size; ++piece) tokens[pieces.Piece(piece)] = 95 - piece;
  tokens["<pad>"] = 99;
  tokens[">>deu<<"] = 1;
  tokens[">>fra<<"] = 2;
  const VocabularyPair vocabs = Numbered(MarianTokens(pieces, pieces, tokens, tokens), 100);
  TransformerConfig config = ConfigFor(vocabs);
  config.decoder_start = 99;
  ExpectRoundTrip(config, vocabs, "marian");
}

TEST_F(HuggingFaceExportTest, ByteLevelBpeIsBarts) {
  const auto pieces = Tokenizer::FromBytes(RecordedByteBpe("tokenizer.json"), "tokenizer.json").segmenter();
  TokenizerSettingsPair settings = BartTokens(*pieces->Find("<s>"));
  settings.tgt.prefix = {*pieces->Find("<s>")};  // forced
  const VocabularyPair vocabs = PairWith(pieces, pieces, settings);
  TransformerConfig config = ConfigFor(vocabs);
  config.positions = Positions::kLearned;
  config.embedding_norm = true;
  config.decoder_start = vocabs.tgt->eos_id();
  ExpectRoundTrip(config, vocabs, "bart");
  EXPECT_THAT(Files(), Contains("tokenizer.json"));
}

TEST_F(HuggingFaceExportTest, WhatSearchNeverSaysStandsInTheGenerationSettings) {
  TokenizerSettings tgt;
  tgt.banned = {7};
  const std::shared_ptr<const Segmenter> pieces = OneVocabulary().src->segmenter();
  const VocabularyPair vocabs = PairWith(pieces, pieces, {{}, tgt});
  const ForeignModel again = RoundTrip(*RandomModel(ConfigFor(vocabs)), vocabs);
  EXPECT_THAT(again.vocabs.tgt->settings().banned, testing::ElementsAre(7));
  const std::string text = ReadFile(RealFileSystem(), folder_ / "theirs/generation_config.json");
  for (const int32_t id : {vocabs.tgt->unk_id(), 7, vocabs.tgt->rows()}) {
    EXPECT_THAT(text, HasSubstr("[\n      " + std::to_string(id) + "\n    ]"));
  }
}

TEST_F(HuggingFaceExportTest, WhatNoFamilyComputesIsNamed) {
  const TransformerConfig usual = ConfigFor(OneVocabulary());
  const auto error = [&](const std::function<void(TransformerConfig*)>& change) {
    TransformerConfig config = usual;
    change(&config);
    return PrepareError(config);
  };
  EXPECT_THAT(error([](auto* c) { c->copy = true; }),
              AllOf(HasSubstr("marian is the nearest"), HasSubstr("copy is true, expected false")));
  EXPECT_THAT(error([](auto* c) { c->segment_end = 4; }), HasSubstr("segment_end is 4, expected -1"));
  EXPECT_THAT(error([](auto* c) { c->encoder_repeats = 2; }), HasSubstr("encoder_repeats is 2, expected 1"));
  EXPECT_THAT(error([](auto* c) { c->decoder_ssru = true; }), HasSubstr("decoder_ssru is true"));
  EXPECT_THAT(error([](auto* c) { c->gated = true; }), HasSubstr("gated is true"));
  EXPECT_THAT(error([](auto* c) { c->d_head = 3; }), HasSubstr("d_head is 3, expected 4"));
  EXPECT_THAT(error([](auto* c) { c->norm_epsilon = 1e-6f; }), HasSubstr("norm_epsilon is 1e-06"));
  EXPECT_THAT(error([](auto* c) { c->norm_order = NormOrder::kPre; }), HasSubstr("norm_order is pre, expected post"));
  EXPECT_THAT(error([](auto* c) { c->bias = false; }), HasSubstr("bias is false"));
}

TEST_F(HuggingFaceExportTest, AnUnevenTableOfPositionsIsNamed) {
  TransformerConfig config = ConfigFor(OneVocabulary());
  config.positions = Positions::kLearned;
  config.embedding_norm = true;
  config.max_tgt_len = 30;
  EXPECT_THAT(PrepareError(config), HasSubstr("max_src_len is 24, expected 30"));
}

TEST_F(HuggingFaceExportTest, PositionsThatBeginElsewhereThanAfterPadAreNamed) {
  TransformerConfig config = M2m100Config(OneVocabulary());
  config.first_position = 5;
  EXPECT_THAT(PrepareError(config), AllOf(HasSubstr("`first_position` is 5"), HasSubstr("expected 2")));
  config.first_position = 2;
  config.decoder_start = 1;
  EXPECT_THAT(PrepareError(config), HasSubstr("`decoder_start` is 1"));
}

TEST_F(HuggingFaceExportTest, VocabulariesThatNoTokenizerHasAreRefused) {
  const std::vector<std::string> list_of = {"</s>", "<unk>", "<s>", "a"};
  const auto words = Tokenizer::FromBytes(WordListOf(list_of), "words").segmenter();
  const VocabularyPair list = PairWith(words, words);
  EXPECT_THAT(PrepareError(ConfigFor(list), list), HasSubstr("list of words"));
  const std::shared_ptr<const Segmenter> pieces = OneVocabulary().src->segmenter();
  TokenizerSettings prefixed;
  prefixed.prefix = {5};
  const VocabularyPair odd = PairWith(pieces, pieces, {prefixed, {}});
  EXPECT_THAT(PrepareError(ConfigFor(odd), odd), HasSubstr("template around sentences"));
}

TEST_F(HuggingFaceExportTest, OnlyANewDirectoryIsWritten) {
  const ExportedModel exported = Prepare(*RandomModel(ConfigFor(OneVocabulary())), OneVocabulary());
  folder_.Write("full/notes.txt", "mine");
  folder_.Write("file", "mine");
  for (const std::string name : {"full", "file"}) {
    EXPECT_THAT(ErrorIn([&] { WriteExport(RealFileSystem(), exported, folder_ / name); }),
                AllOf(HasSubstr(name), HasSubstr("a new directory")));
  }
  EXPECT_THAT(RealFileSystem().List(folder_ / "full"), testing::ElementsAre("notes.txt"));
  RealFileSystem().CreateDirectory(folder_ / "empty");
  WriteExport(RealFileSystem(), exported, folder_ / "empty");
  EXPECT_THAT(RealFileSystem().List(folder_ / "empty"), Contains("model.safetensors"));
}

TEST_F(HuggingFaceExportTest, AWriteThatFailsLeavesNothing) {
  const ExportedModel exported = Prepare(*RandomModel(ConfigFor(OneVocabulary())), OneVocabulary());
  FaultyFileSystem counting(RealFileSystem());
  WriteExport(counting, exported, folder_ / "whole");
  RemoveAll(RealFileSystem(), folder_ / "whole");
  for (int64_t at = 1; at <= counting.operations(); ++at) {
    FaultyFileSystem faulty(RealFileSystem());
    faulty.FailAt(at);
    const std::string error = ErrorIn([&] { WriteExport(faulty, exported, folder_ / "whole"); });
    if (error.empty()) {  // of what comes after the renaming
      EXPECT_TRUE(RealFileSystem().Exists(folder_ / "whole/model.safetensors"));
    } else if (RealFileSystem().Exists(folder_ / "whole")) {
      EXPECT_THAT(RealFileSystem().List(folder_ / "whole"), Contains("model.safetensors")) << at;
    } else {
      EXPECT_THAT(RealFileSystem().List(folder_.path()), IsEmpty()) << at;
    }
    RemoveAll(RealFileSystem(), folder_ / "whole");
  }
}

}  // namespace
}  // namespace dragoman
