// SPDX-License-Identifier: Apache-2.0
#include "text/model_proto_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "base/hash.h"
#include "text/vocabulary_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

// Writers for the few parts of the protobuf format that the tests need.
std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string Bytes(uint32_t number, const std::string& contents) {
  return Varint(number << 3 | 2) + Varint(contents.size()) + contents;
}
std::string Number(uint32_t number, uint64_t value) { return Varint(number << 3) + Varint(value); }
std::string Float(uint32_t number, float value) {
  std::string bytes(4, '\0');
  std::memcpy(bytes.data(), &value, 4);
  return Varint(number << 3 | 5) + bytes;
}
std::string Piece(const std::string& text, uint64_t type = 1, float score = -1) {
  return Bytes(1, Bytes(1, text) + Float(2, score) + Number(3, type));
}
std::string Small() { return Piece("<unk>", 2) + Piece("<s>", 3) + Piece("</s>", 3) + Piece("a") + Piece("b"); }

std::string Outcome(const std::string& model) {
  try {
    const Tokenizer vocabulary = Tokenizer::FromBytes(model, "v.model");
    vocabulary.Decode(vocabulary.Encode("ab 你 ½ ﷺ a"));
    return "loaded";
  } catch (const Error& e) {
    return e.what();
  }
}

TEST(ModelProtoCheckTest, AcceptsASmallModel) { EXPECT_EQ(Outcome(Small()), "loaded"); }

TEST(ModelProtoCheckTest, NamesWhatIsWrong) {
  EXPECT_THAT(Outcome(""), HasSubstr("v.model: damaged vocabulary: it is empty"));
  EXPECT_THAT(Outcome(Piece("a")), HasSubstr("<unk>"));
  EXPECT_THAT(Outcome(Small() + Piece("c", 2)), HasSubstr("a second <unk>"));
  EXPECT_THAT(Outcome(Small() + Piece("a")), HasSubstr("piece 5 occurs twice"));
  EXPECT_THAT(Outcome(Small() + Piece("<s>")), HasSubstr("piece 5 occurs twice"));
  EXPECT_THAT(Outcome(Small() + Piece("")), HasSubstr("piece 5 is empty"));
  EXPECT_THAT(Outcome(Small() + Piece("\xFF")), HasSubstr("piece 5 is not UTF-8"));
  EXPECT_THAT(Outcome(Small() + Piece(std::string("c\0d", 3))), HasSubstr("piece 5 holds a NUL"));
  EXPECT_THAT(Outcome(Small() + Piece("c", 9)), HasSubstr("unknown type 9"));
  EXPECT_THAT(Outcome(Small() + Piece("c", 1, NAN)), HasSubstr("not finite"));
  EXPECT_THAT(Outcome(Small() + Piece("c", 6)), HasSubstr("SentencePiece cannot load"));  // bytes without byte_fallback
  EXPECT_THAT(Outcome(Small() + Bytes(2, Number(3, 7))), HasSubstr("model type 7"));
  EXPECT_THAT(Outcome(Small() + Bytes(2, Number(41, 5))), HasSubstr("bos_id is 5 of 5 pieces"));
  EXPECT_THAT(Outcome(Small() + Bytes(2, Number(43, static_cast<uint64_t>(int64_t{-1})))), "loaded");
  EXPECT_THAT(Outcome(Small() + Bytes(2, "") + Bytes(2, "")), HasSubstr("a second specification"));
  EXPECT_THAT(Outcome(Small() + Varint(1 << 3 | 3)), HasSubstr("a field of type 3"));
  EXPECT_THAT(Outcome(Small() + Varint(1 << 3 | 2) + Varint(1000)), HasSubstr("1000 bytes where 0 are left"));
  EXPECT_THAT(
      Outcome("Just some text, not a model at all"),
      HasSubstr("v.model: is text, not a vocabulary; expected a SentencePiece model, a tokenizer.json or a list of"));
}

TEST(ModelProtoCheckTest, DeeplyNestedSymbolsAreRefused) {
  std::string model = Small();
  for (int i = 1; i <= 64; ++i) model += Piece(std::string(i, 'z'), 4);
  EXPECT_THAT(Outcome(model), HasSubstr("begin alike"));
  std::string flat = Small();
  for (int i = 1; i <= 63; ++i) flat += Piece(std::string(i, 'z'), 4);
  EXPECT_EQ(Outcome(flat), "loaded");
}

TEST(ModelProtoCheckTest, TheSelfTestIsNotRun) {
  const std::string sample = Bytes(1, Bytes(1, "\xFF\xFE") + Bytes(2, ""));
  EXPECT_EQ(Outcome(Small() + Bytes(4, sample)), "loaded");
}

// Model with normalisation rules, so that damage reaches their trie too.
const std::string& ModelWithRules() {
  static const std::string* model = [] {
    VocabOptions options = SmallVocabOptions();
    options.normalization = Normalization::kNmtNfkc;
    return new std::string(TrainTestModel(options));
  }();
  return *model;
}

TEST(ModelProtoCheckTest, EveryTruncationOfASmallModelLoadsOrThrows) {
  const std::string model = TrainTestModel(SmallVocabOptions());
  ASSERT_EQ(Outcome(model), "loaded");
  int thrown = 0;
  for (size_t size = 0; size < model.size(); ++size) thrown += Outcome(model.substr(0, size)) != "loaded";
  EXPECT_GT(thrown, static_cast<int>(model.size()) / 2);
}

TEST(ModelProtoCheckTest, TruncationsOfAModelWithRulesLoadOrThrow) {
  const std::string& model = ModelWithRules();
  ASSERT_EQ(Outcome(model), "loaded");
  for (size_t size = 1; size < model.size(); size += 1 + model.size() / 400) Outcome(model.substr(0, size));
}

TEST(ModelProtoCheckTest, SingleByteFlipsLoadOrThrow) {
  const std::string small = TrainTestModel(SmallVocabOptions());
  for (const std::string* model : {&small, &ModelWithRules()}) {
    for (uint64_t i = 0; i < 600; ++i) {
      std::string damaged = *model;
      const uint64_t random = HashCombine(7, i);
      damaged[random % damaged.size()] ^= static_cast<char>(1 + (random >> 40) % 255);
      Outcome(damaged);
    }
  }
}

TEST(ModelProtoCheckTest, ManyFlipsInTheRulesLoadOrThrow) {
  const std::string& model = ModelWithRules();
  const size_t rules = model.find("nmt_nfkc") + 16;
  for (uint64_t i = 0; i < 200; ++i) {
    std::string damaged = model;
    for (uint64_t flip = 0; flip < 30; ++flip) {
      const uint64_t random = HashCombine(HashCombine(11, i), flip);
      damaged[rules + random % (damaged.size() - rules)] = static_cast<char>(random >> 40);
    }
    Outcome(damaged);
  }
}

}  // namespace
}  // namespace dragoman
