// SPDX-License-Identifier: Apache-2.0
#include "cli/translate_chunk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "decode/options_testing.h"
#include "format/translation_testing.h"

namespace dragoman {
namespace {

struct FingerprintTest : testing::Test {
  uint64_t Fingerprint() {
    TranslationModel copy{std::make_unique<Transformer>(model.model->config()), model.vocabs};
    std::ranges::copy(model.model->parameters().values(), copy.model->parameters().values().begin());
    InferenceBundle opened = InferenceOf(std::move(copy), flags.precision);
    return ChunkTranslator(flags, std::move(opened), 1).Fingerprint(chunk);
  }

  TranslateFlags flags = [] {
    TranslateFlags to_file;
    to_file.output = "out";
    return to_file;
  }();
  TranslationModel model = RandomTranslationModel();
  Chunk chunk{7, {"I see a cat.", "you help"}};
};

TEST_F(FingerprintTest, IsAnotherWithEachDecodeOption) {
  const uint64_t usual = Fingerprint();
  EXPECT_EQ(Fingerprint(), usual);
  for (const auto& [key, options] : EachDecodeOptionChanged()) {
    flags.decode = options;
    EXPECT_NE(Fingerprint(), usual) << key;
  }
}

TEST_F(FingerprintTest, IsAnotherWithWhatElseDecidesTheOutput) {
  const uint64_t usual = Fingerprint();
  const auto expect_another = [&](const char* change) { EXPECT_NE(Fingerprint(), usual) << change; };
  flags.format = LineFormat::kJsonl;
  expect_another("format");
  flags.format = LineFormat::kText;
  flags.n_best = true;
  expect_another("n_best: whether each line is numbered and scored");
  flags.n_best = false;
  flags.precision = WeightFormat::kInt8;
  expect_another("precision");
  flags.precision = WeightFormat::kF32;
  EXPECT_EQ(Fingerprint(), usual);
  chunk.first_line = 8;
  expect_another("line numbers");
  chunk.first_line = 7;
  chunk.lines[1] += "!";
  expect_another("text");
  chunk.lines[1].pop_back();
  EXPECT_EQ(Fingerprint(), usual);
  model.model->parameters().Writable("output.bias")[0] += 1;
  expect_another("weights");
  model.model->parameters().Writable("output.bias")[0] -= 1;
  model.vocabs.tgt = std::make_shared<const Tokenizer>(
      Tokenizer::FromBytes(TrainTestModel(SmallVocabOptions(/*size=*/88)), "other.model"));
  expect_another("vocabulary");
}

// So a restart may have other threads and chunks, and name its files otherwise.
TEST_F(FingerprintTest, IsTheSameWhateverDoesNotDecideTheOutput) {
  const uint64_t usual = Fingerprint();
  flags.model.path = flags.input = flags.output = "elsewhere";
  flags.model.no_verify = true;
  flags.threads = flags.chunk_lines = 2;
  EXPECT_EQ(Fingerprint(), usual);
}

}  // namespace
}  // namespace dragoman
