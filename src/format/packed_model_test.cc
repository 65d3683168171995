// SPDX-License-Identifier: Apache-2.0
#include "format/packed_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <limits>

#include "base/error.h"
#include "format/model_file.h"
#include "format/translation_testing.h"
#include "infer/decoder.h"
#include "kernels/kernels_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

constexpr WeightFormat kFormats[] = {WeightFormat::kInt8, WeightFormat::kBf16, WeightFormat::kF16};

class PackedModelTest : public testing::Test {
 protected:
  PackedModelTest() {
    std::string pattern = testing::TempDir() + "dragoman_packed_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ + "/model";
  }
  ~PackedModelTest() override { RemoveAll(files_, directory_); }

  void Write(const Transformer& model, WeightFormat format) {
    CheckpointContents contents;
    contents.files = PackedModelFiles(model, format, vocabs_, nullptr);
    WriteModel(files_, contents, path_);
  }
  std::string LoadError(std::optional<WeightFormat> format = {}) {
    try {
      LoadInference(files_, path_, format);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  FileSystem& files_ = RealFileSystem();
  std::string directory_, path_;
  VocabularyPair vocabs_{SharedTestVocabulary(), SharedTestVocabulary()};
};

// Of some steps of two sentences.
std::vector<float> SomeLogits(const InferenceModel& model) {
  BufferPool pool;
  Decoder decoder(model, pool);
  const std::array<int, 2> lengths = {4, 9};
  const Sentences src(lengths, model.config().src_vocab, 1);
  std::vector<int32_t> numbers;
  decoder.Open(src.view(), &numbers);
  std::vector<float> all;
  for (int32_t step = 0; step < 5; ++step) {
    const std::array<DecoderRow, 2> rows = {
        DecoderRow{numbers[0], step == 0 ? model.config().decoder_start : step, step == 0 ? -1 : 0},
        DecoderRow{numbers[1], step == 0 ? model.config().decoder_start : step + 3, step == 0 ? -1 : 1}};
    decoder.Step(rows);
    const PooledMatrix logits = decoder.Logits(0, 2);
    all.insert(all.end(), logits.view().data, logits.view().data + logits.view().size());
  }
  return all;
}

// Whatever the options: the file says what rounding at the start would.
TEST_F(PackedModelTest, SaysWhatTheModelItselfSaysInThatPrecision) {
  for (NamedConfig& named : ConfigsOfEveryKind()) {
    TransformerConfig& config = named.config;
    config.src_vocab = vocabs_.src->rows();
    config.tgt_vocab = vocabs_.tgt->rows();
    const auto model = RandomModel(config);
    for (const WeightFormat format : kFormats) {
      SCOPED_TRACE(named.name + ", " + std::string(EnumName(format)));
      Write(*model, format);
      const InferenceBundle opened = LoadInference(files_, path_);
      EXPECT_EQ(opened.model->format(), format);
      EXPECT_TRUE(kernels::SameBits(SomeLogits(*opened.model), SomeLogits(InferenceModel(*model, format))));
    }
  }
}

TEST_F(PackedModelTest, IsAsSmallAsItsNumbers) {
  TransformerConfig config = TransformerConfig::Preset("tiny");
  config.src_vocab = config.tgt_vocab = vocabs_.src->rows();
  Transformer model(config);
  model.Initialize(1);
  const auto parameters = static_cast<double>(model.parameters().count());
  for (const auto& [format, bytes] : {std::pair(WeightFormat::kInt8, 1.0), {WeightFormat::kBf16, 2.0}}) {
    Write(model, format);
    const auto size = static_cast<double>(files_.Open(path_ + "/model.safetensors")->size());
    EXPECT_LT(size, 1.08 * bytes * parameters) << "biases, norms and scales are a few percent of tiny";
  }
}

TEST_F(PackedModelTest, IsRefusedInAnotherPrecision) {
  Write(*RandomTranslationModel().model, WeightFormat::kInt8);
  EXPECT_EQ(LoadError(WeightFormat::kInt8), "no error");
  EXPECT_THAT(LoadError(WeightFormat::kBf16), HasSubstr("`precision` is bf16, but the weights"));
  EXPECT_THAT(LoadError(WeightFormat::kF32), HasSubstr("are int8 for good"));
}

TEST_F(PackedModelTest, IsForInferenceAlone) {
  Write(*RandomTranslationModel().model, WeightFormat::kInt8);
  try {
    LoadTranslationModel(files_, path_);
    FAIL() << "opened";
  } catch (const FormatError& error) {
    EXPECT_THAT(error.what(), HasSubstr("take the model that it was made of"));
  }
}

// A packed file of other contents than the config says, or damaged.
TEST_F(PackedModelTest, IsNotTrusted) {
  const TranslationModel loaded = RandomTranslationModel();
  Write(*loaded.model, WeightFormat::kInt8);
  RemoveAll(files_, path_ + "/MANIFEST.json");
  TransformerConfig other = loaded.model->config();
  other.d_ff = 20;
  const std::string config = ReadFile(files_, path_ + "/config.json");
  WriteFile(files_, path_ + "/config.json", other.ToJson());
  EXPECT_THAT(LoadError(), HasSubstr("use the config.json it came with"));
  other = loaded.model->config();
  other.encoder_layers = 1;
  WriteFile(files_, path_ + "/config.json", other.ToJson());
  EXPECT_THAT(LoadError(), HasSubstr("has no place for"));
  WriteFile(files_, path_ + "/config.json", config);
  EXPECT_EQ(LoadError(), "no error");

  const std::string bytes = ReadFile(files_, path_ + "/model.safetensors");
  WriteFile(files_, path_ + "/model.safetensors", bytes.substr(0, bytes.size() - 4));
  EXPECT_THAT(LoadError(), HasSubstr("of the data, which has"));
  std::string renamed = bytes;
  const size_t at = renamed.find(R"("weights":"int8")");
  ASSERT_NE(at, std::string::npos);
  renamed.replace(at, 16, R"("weights":"int7")");
  WriteFile(files_, path_ + "/model.safetensors", renamed);
  EXPECT_THAT(LoadError(), HasSubstr("its weights are \"int7\", expected bf16, f16 or int8"));
  renamed.replace(at, 16, R"("weights":"bf16")");
  WriteFile(files_, path_ + "/model.safetensors", renamed);
  EXPECT_THAT(LoadError(), HasSubstr("expected BF16"));
}

TEST_F(PackedModelTest, NumbersAreLookedAtWhenAsked) {
  const TranslationModel loaded = RandomTranslationModel();
  const auto wrong = [&](const char* name) {
    loaded.model->parameters().Writable(name)[3] = std::numeric_limits<float>::quiet_NaN();
    for (const WeightFormat format : kFormats) {
      Write(*loaded.model, format);
      SafetensorsReader file(files_, path_ + "/model.safetensors");
      RequirePackedModel(loaded.model->config(), file, /*numbers=*/false);
      EXPECT_THROW(RequirePackedModel(loaded.model->config(), file, /*numbers=*/true), FormatError) << name;
    }
    loaded.model->parameters().Writable(name)[3] = 0;
  };
  wrong("encoder.layers.0.ffn.in_proj.weight");
  wrong("decoder.layers.1.ffn_norm.bias");
}

}  // namespace
}  // namespace dragoman
