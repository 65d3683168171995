// SPDX-License-Identifier: Apache-2.0
#include "interop/import.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "archive/archive_testing.h"
#include "base/error.h"
#include "interop/argos.h"
#include "interop/huggingface.h"
#include "interop/huggingface_vocabulary.h"
#include "interop/interop_testing.h"
#include "model/transformer_layers.h"
#include "tensor/address_sanitizer.h"
#include "text/vocabulary_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ImportTest : public testing::Test {
 protected:
  void Make(std::initializer_list<const char*> names) const {
    for (const char* const name : names) folder_.Write(name, "{}");
  }
  // Whose it is taken for, by what is said of files that no reader can read.
  bool Is(bool (*is)(FileSystem&, const std::string&), const std::string& name = "") const {
    return is(RealFileSystem(), name.empty() ? folder_.path() : folder_ / name);
  }
  std::string OpenError(const std::string& name = "", const ImportOptions& options = {}) const {
    return ErrorIn([&] { OpenForeign(RealFileSystem(), name.empty() ? folder_.path() : folder_ / name, options); });
  }

  TestFolder folder_;
};

TEST_F(ImportTest, ADirectoryWithAModelTypeIsTransformers) {
  folder_.Write("config.json", R"({"model_type": "gpt2"})");
  folder_.Write("model.safetensors",
                SafetensorsOf("\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}", "1234"));
  EXPECT_TRUE(Is(IsHuggingFace));
  EXPECT_THAT(OpenError(), AllOf(HasSubstr("config.json"), HasSubstr("\"gpt2\""), HasSubstr("marian, m2m_100")));
}

TEST_F(ImportTest, ADirectoryWithModelBinAndVocabulariesIsCTranslate2s) {
  Make({"model.bin", "config.json", "shared_vocabulary.txt"});
  EXPECT_TRUE(Is(IsCTranslate2));
  EXPECT_FALSE(Is(IsHuggingFace)) << "its config.json has no model_type";
  EXPECT_FALSE(Is(IsMarian));
  EXPECT_THAT(OpenError(), HasSubstr("model.bin"));
}

TEST_F(ImportTest, AFileOrDirectoryOfMarians) {
  Make({"model.npz", "vocab.spm"});
  EXPECT_TRUE(Is(IsMarian));
  EXPECT_TRUE(Is(IsMarian, "model.npz"));
  EXPECT_FALSE(Is(IsMarian, "vocab.spm"));
  EXPECT_THAT(OpenError(), HasSubstr("model.npz"));
}

TEST_F(ImportTest, APackageOfArgosIsOneWhetherPackedOrNot) {
  Make({"p/metadata.json", "p/model/config.json", "en_de.argosmodel"});
  EXPECT_TRUE(Is(IsArgos, "p"));
  EXPECT_TRUE(Is(IsArgos, "en_de.argosmodel"));
  EXPECT_THAT(OpenError("en_de.argosmodel"), HasSubstr("en_de.argosmodel"));
  EXPECT_THAT(OpenError("p"), HasSubstr("sentencepiece.model"));
}

TEST_F(ImportTest, APackageWithoutWhatItNeedsIsAnErrorOfTheFile) {
  const auto error = [&](const std::vector<ZipPart>& parts) {
    folder_.Write("x.argosmodel", ZipOf(parts));
    return OpenError("x.argosmodel");
  };
  EXPECT_THAT(error({{"p/readme", "x"}}), HasSubstr("metadata.json"));
  EXPECT_THAT(error({{"p/metadata.json", R"({"type": "sbd"})"}}), AllOf(HasSubstr("metadata.json"), HasSubstr("sbd")));
  EXPECT_THAT(error({{"p/metadata.json", "{}"}, {"p/bpe.model", "x"}}), HasSubstr("take a newer package"));
  EXPECT_THAT(error({{"p/metadata.json", "{}"}, {"p/sentencepiece.model", "x"}}), HasSubstr("model.bin"));
}

TEST_F(ImportTest, AnythingElseIsNoModelThatIsKnown) {
  Make({"notes.txt", "config.json", "vocab.spm"});
  for (const char* const name : {"", "notes.txt", "config.json", "absent", "absent.argos"}) {
    EXPECT_THAT(OpenError(name), HasSubstr("is no model that is known here")) << name;
    EXPECT_THROW(OpenForeign(RealFileSystem(), folder_ / name, {}), OptionError) << name;
  }
}

TEST_F(ImportTest, WhatIsSaidToBeAnothersIsReadAsThat) {
  Make({"model.npz", "vocab.spm"});
  EXPECT_THAT(OpenError("", {.from = ModelSource::kHuggingFace}), HasSubstr("config.json"));
  EXPECT_THAT(OpenError("", {.from = ModelSource::kCTranslate2}), HasSubstr("model.bin"));
  EXPECT_THAT(OpenError("", {.from = ModelSource::kArgos}), HasSubstr("metadata.json"));
  EXPECT_THAT(OpenError("absent", {.from = ModelSource::kMarian}), HasSubstr("absent"));
}

// transformers 5 writes no names of M2M100's languages, only whose they are; they follow the pieces.
TEST_F(ImportTest, LanguagesOfM2m100MayBeNamedByTheirListAlone) {
  for (const char* const name : {"config.json", "model.safetensors"}) {
    const std::string path = std::string("tests/interop/recorded/huggingface/m2m100/") + name;
    folder_.Write(name, ReadFile(RealFileSystem(), path, 1 << 20));
  }
  const Tokenizer pieces = TestVocabulary();
  nlohmann::json ids = {{"<pad>", pieces.size()}};
  for (int32_t id = 0; id < pieces.size(); ++id) ids[pieces.Piece(id)] = id;
  folder_.Write("vocab.json", ids.dump());
  folder_.Write("sentencepiece.bpe.model", pieces.serialized());
  folder_.Write("tokenizer_config.json", R"({"language_codes": "wmt21"})");
  const HuggingFaceSource source = OpenHuggingFaceSource(RealFileSystem(), folder_.path());
  ForeignModel model;
  model.config.src_vocab = model.config.tgt_vocab = 99;
  const VocabularyPair vocabs = ReadHuggingFaceVocabularies(source, "m2m_100", &model);
  EXPECT_EQ(vocabs.src->settings().languages.size(), 8u);
  EXPECT_EQ(vocabs.src->settings().languages.at("en"), 91);
  EXPECT_EQ(vocabs.src->settings().languages.at("de"), 98);
}

int64_t PeakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss >> 10;
}

// Recorded models, whose settings or weights say what is not so.
class LyingModelTest : public testing::TestWithParam<const char*> {
 protected:
  LyingModelTest() {
    const std::string from = std::string("tests/interop/recorded/huggingface/") + GetParam();
    for (const char* const name : {"config.json", "generation_config.json", "model.safetensors"}) {
      folder_.Write(name, ReadFile(RealFileSystem(), JoinPath(from, name), 1 << 20));
    }
  }
  std::string File(const std::string& name) const { return ReadFile(RealFileSystem(), folder_ / name, 1 << 20); }

  // Opens and reads it; what is said when that is an error.
  std::string ImportError() const {
    return ErrorIn([&] { ReadForeign(OpenForeign(RealFileSystem(), folder_.path(), {})); });
  }
  // After `key` has another value.
  std::string ErrorWith(const std::string& key, const std::string& value) const {
    const std::string json = File("config.json");
    std::string changed = json;
    const size_t at = json.find("\"" + key + "\": ");
    if (at == json.npos) {
      changed.insert(1, fmt::format("\"{}\": {},", key, value));
    } else {
      const size_t begin = at + key.size() + 4;
      changed.replace(begin, json.find_first_of(",\n", begin) - begin, value);
    }
    folder_.Write("config.json", changed);
    const std::string error = ImportError();
    folder_.Write("config.json", json);
    return error;
  }

  TestFolder folder_;
};

TEST_P(LyingModelTest, IsReadAsItIs) { EXPECT_EQ(ImportError(), ""); }

TEST_P(LyingModelTest, SizesAreBelievedOnlyWhenTheTensorsAgree) {
  const int64_t before = PeakMegabytes();
  const bool is_t5 = std::string(GetParam()).find("t5") != std::string::npos;
  const std::vector<const char*> keys =
      is_t5 ? std::vector<const char*>{"vocab_size", "d_model",
                                       "d_kv",       "d_ff",
                                       "num_layers", "num_decoder_layers",
                                       "num_heads",  "relative_attention_num_buckets"}
            : std::vector<const char*>{
                  "vocab_size",      "d_model",         "encoder_layers",          "decoder_layers",
                  "encoder_ffn_dim", "decoder_ffn_dim", "encoder_attention_heads", "decoder_attention_heads"};
  for (const char* const key : keys) {
    for (const char* const value :
         {"16777216", "2097152", "1048576", "65535", "1000", "999", "0", "-1", "1e30", "\"8\""}) {
      const auto begin = std::chrono::steady_clock::now();
      EXPECT_THAT(ErrorWith(key, value), HasSubstr(folder_.path())) << key << ' ' << value;
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
      EXPECT_LT(seconds.count(), 5) << key << ' ' << value;
    }
  }
  // AddressSanitizer keeps what is freed for a while.
#ifdef DRAGOMAN_HAS_ADDRESS_SANITIZER
  constexpr int64_t kMost = 400;
#else
  constexpr int64_t kMost = 64;
#endif
  EXPECT_LT(PeakMegabytes() - before, kMost) << "memory was taken for what the settings only claim";
}

TEST_P(LyingModelTest, AKeyThatIsNotKnownIsAnError) {
  EXPECT_THAT(ErrorWith("use_alibi", "true"), AllOf(HasSubstr("config.json"), HasSubstr("key \"use_alibi\"")));
}

TEST_P(LyingModelTest, OtherSettingsThanTheArithmeticsAreAnError) {
  const bool is_t5 = std::string(GetParam()).find("t5") != std::string::npos;
  EXPECT_THAT(ErrorWith(is_t5 ? "feed_forward_proj" : "activation_function", "\"mish\""),
              AllOf(HasSubstr("config.json"), HasSubstr("\"mish\"")));
  EXPECT_THAT(ErrorWith("is_encoder_decoder", "false"), HasSubstr("is_encoder_decoder"));
  EXPECT_THAT(ErrorWith("decoder_start_token_id", "48"), HasSubstr(folder_.path()));
  EXPECT_THAT(ErrorWith("decoder_start_token_id", "-1"), HasSubstr("decoder_start_token_id"));
  EXPECT_THAT(ErrorWith("decoder_start_token_id", "[1, 2]"), HasSubstr("decoder_start_token_id"));
}

TEST_P(LyingModelTest, GenerationSettingsThatContradictAreAnErrorOfTheirFile) {
  folder_.Write("generation_config.json", R"({"decoder_start_token_id": 17})");
  EXPECT_THAT(ImportError(), AllOf(HasSubstr("generation_config.json"), HasSubstr("decoder_start_token_id")));
  folder_.Write("generation_config.json", R"({"bad_words_ids": [[1, 2]]})");
  EXPECT_THAT(ImportError(), AllOf(HasSubstr("generation_config.json"), HasSubstr("bad_words_ids")));
  folder_.Write("generation_config.json", R"({"repetition_penalty": 1.5})");
  EXPECT_THAT(ImportError(), AllOf(HasSubstr("generation_config.json"), HasSubstr("repetition_penalty")));
  folder_.Write("generation_config.json", R"({"forced_bos_token_id": 16777215})");
  EXPECT_NE(ImportError(), "");
  folder_.Write("generation_config.json", R"({"bad_words_ids": [[16777215]]})");
  ImportError();  // of no piece: nothing to ban
}

TEST_P(LyingModelTest, AMissingFileIsNamed) {
  RealFileSystem().RemoveFile(folder_ / "model.safetensors");
  EXPECT_THAT(ImportError(), AllOf(HasSubstr(folder_.path()), HasSubstr("model.safetensors, pytorch_model.bin")));
}

// An error of ours, in one line, or a model that loads; whatever else would end the test.
TEST_P(LyingModelTest, AnyChangedByteIsAnErrorOrAModel) {
  for (const char* const name : {"config.json", "generation_config.json", "model.safetensors"}) {
    const std::string bytes = File(name);
    const size_t stride =
        std::string(name).ends_with(".json") ? 11 : 97;  // of weights the first few thousand are names
    for (size_t at = 0; at < std::min<size_t>(bytes.size(), 6000); at += stride) {
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

TEST_P(LyingModelTest, ACutFileIsAnError) {
  for (const char* const name : {"config.json", "generation_config.json", "model.safetensors"}) {
    const std::string bytes = File(name);
    for (size_t size = 0; size + 2 < bytes.size(); size += 1 + bytes.size() / 40) {
      folder_.Write(name, bytes.substr(0, size));
      EXPECT_THAT(ImportError(), HasSubstr(name)) << name << ' ' << size;
    }
    folder_.Write(name, bytes);
  }
}

TEST_P(LyingModelTest, SwappedFilesAreAnError) {
  const char* const names[] = {"config.json", "generation_config.json", "model.safetensors"};
  for (size_t i = 0; i < 3; ++i) {
    const std::string one = File(names[i]), other = File(names[(i + 1) % 3]);
    folder_.Write(names[i], other);
    folder_.Write(names[(i + 1) % 3], one);
    EXPECT_NE(ImportError(), "") << names[i];
    folder_.Write(names[i], one);
    folder_.Write(names[(i + 1) % 3], other);
  }
}

INSTANTIATE_TEST_SUITE_P(Recorded, LyingModelTest,
                         testing::Values("marian", "bart", "mbart", "pegasus", "m2m100", "t5", "umt5"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace dragoman
