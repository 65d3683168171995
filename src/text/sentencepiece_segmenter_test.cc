// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "text/tokenizer.h"
#include "text/vocabulary_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

TEST(SentencePieceSegmenterTest, SpecialTokensHaveTheirUsualIds) {
  const Tokenizer vocabulary = TestVocabulary();
  EXPECT_EQ(vocabulary.size(), 90);
  EXPECT_EQ(vocabulary.unk_id(), 0);
  EXPECT_EQ(vocabulary.bos_id(), 1);
  EXPECT_EQ(vocabulary.eos_id(), 2);
  EXPECT_EQ(vocabulary.Piece(1), "<s>");
  EXPECT_EQ(vocabulary.Piece(2), "</s>");
}

TEST(SentencePieceSegmenterTest, DecodeInvertsEncodeUpToSpaces) {
  const Tokenizer vocabulary = TestVocabulary();
  for (const std::string& sentence : TestSentences()) {
    EXPECT_EQ(vocabulary.Decode(vocabulary.Encode(sentence)), sentence);
  }
  EXPECT_EQ(vocabulary.Decode(vocabulary.Encode("  I   see\ta\r\ncat.  ")), "I see a cat.");
  EXPECT_TRUE(vocabulary.Encode("").empty());
  EXPECT_TRUE(vocabulary.Encode(" \t ").empty());
}

TEST(SentencePieceSegmenterTest, EncodeAddsNoSpecialTokensAndDecodeHidesThem) {
  const Tokenizer vocabulary = TestVocabulary();
  std::vector<int32_t> ids = vocabulary.Encode("I see a cat.");
  for (const int32_t id : ids) EXPECT_GT(id, 2);
  ids.insert(ids.begin(), vocabulary.bos_id());
  ids.push_back(vocabulary.eos_id());
  EXPECT_EQ(vocabulary.Decode(ids), "I see a cat.");
}

TEST(SentencePieceSegmenterTest, DefaultKeepsFullWidthPunctuationAndNfkcDoesNot) {
  const std::string text = "我喜欢医生，是吗？";
  EXPECT_EQ(TestVocabulary().Decode(TestVocabulary().Encode(text)), text);
  VocabOptions options = SmallVocabOptions();
  options.normalization = Normalization::kNfkc;
  const auto nfkc = Tokenizer::FromBytes(TrainTestModel(options), "test.model");
  EXPECT_EQ(nfkc.Decode(nfkc.Encode(text)), "我喜欢医生,是吗?");
}

// "nmt_nfkc" makes a space of a tab and drops a vertical one; other rules know neither.
TEST(SentencePieceSegmenterTest, WhiteSpaceIsWhatTheRulesMakeOfItOrASpace) {
  const auto shown = [](Normalization normalization) {
    VocabOptions options = SmallVocabOptions();
    options.normalization = normalization;
    const auto vocabulary = Tokenizer::FromBytes(TrainTestModel(options), "test.model");
    return vocabulary.Decode(vocabulary.Encode("I\tsee\v a\fca\vt."));
  };
  EXPECT_EQ(shown(Normalization::kNmtNfkc), "I see a cat.");
  EXPECT_EQ(shown(Normalization::kNone), "I see a ca t.");
  EXPECT_EQ(shown(Normalization::kNfkc), "I see a ca t.");
}

TEST(SentencePieceSegmenterTest, ByteFallbackKeepsCharactersNeverSeen) {
  VocabOptions options = SmallVocabOptions(340);
  options.byte_fallback = true;
  const auto vocabulary = Tokenizer::FromBytes(TrainTestModel(options), "test.model");
  for (const char* text : {"I like 🐉!", "Ελληνικά", "龘 and \xC3\xA9",
                           "a\xC2\xA0"
                           "b"}) {
    EXPECT_EQ(vocabulary.Decode(vocabulary.Encode(text)), text);
  }
}

TEST(SentencePieceSegmenterTest, BpeInvertsToo) {
  VocabOptions options = SmallVocabOptions();
  options.type = VocabType::kBpe;
  const auto vocabulary = Tokenizer::FromBytes(TrainTestModel(options), "test.model");
  for (const std::string& sentence : TestSentences()) {
    EXPECT_EQ(vocabulary.Decode(vocabulary.Encode(sentence)), sentence);
  }
}

TEST(SentencePieceSegmenterTest, SymbolsAreNeverSplit) {
  VocabOptions options = SmallVocabOptions();
  options.symbols = {"<sep>", "2,\"x\"", "我们的"};
  const auto vocabulary = Tokenizer::FromBytes(TrainTestModel(options), "test.model");
  for (const std::string& symbol : options.symbols) {
    const std::vector<int32_t> ids = vocabulary.Encode("see" + symbol + "cat");
    const auto is_symbol = [&](int32_t id) { return vocabulary.Piece(id) == symbol; };
    EXPECT_EQ(std::count_if(ids.begin(), ids.end(), is_symbol), 1) << symbol;
    EXPECT_EQ(vocabulary.Decode(ids), "see" + symbol + "cat");
  }
}

TEST(SentencePieceSegmenterTest, BlankTextHasNoTokensWhateverItsBlanks) {
  VocabOptions options = SmallVocabOptions(90 + 256);
  options.byte_fallback = true;
  for (const Tokenizer& vocabulary : {TestVocabulary(), Tokenizer::FromBytes(TrainTestModel(options), "bytes.model")}) {
    for (const char* blank : {"", " \t", "\u3000", "\u00A0 \u200B", "\uFEFF", "\u2060\u00AD\u3164\u2800"}) {
      EXPECT_TRUE(vocabulary.Encode(blank).empty()) << blank;
    }
    EXPECT_FALSE(vocabulary.Encode("\u3000I\u200B").empty());
  }
}

TEST(SentencePieceSegmenterTest, TextThatIsNotUtf8IsRefused) {
  const Tokenizer vocabulary = TestVocabulary();
  EXPECT_THAT(MessageOf<FormatError>([&] { vocabulary.Encode("ab\xFF"); }), HasSubstr("byte 3 is not valid UTF-8"));
  EXPECT_THAT(MessageOf<FormatError>([&] { vocabulary.Encode(std::string("a\0b", 3)); }), HasSubstr("byte 2 is NUL"));
}

TEST(SentencePieceSegmenterTest, IdsOutOfRangeAreRefused) {
  const Tokenizer vocabulary = TestVocabulary();
  const std::vector<int32_t> high = {5, 90};
  const std::vector<int32_t> low = {-1};
  EXPECT_THAT(MessageOf<OptionError>([&] { vocabulary.Decode(high); }), HasSubstr("90"));
  EXPECT_THROW(vocabulary.Decode(low), OptionError);
  EXPECT_THROW(vocabulary.Piece(90), OptionError);
}

TEST(SentencePieceSegmenterTest, WithoutAnEndOfSentenceItIsRefused) {
  const std::string model = TestVocabulary().serialized();
  const auto refusal = [](const std::string& bytes) {
    return MessageOf<FormatError>([&] { Tokenizer::FromBytes(bytes, "dir/odd.model"); });
  };
  std::string renamed = model, ordinary = model;
  const size_t at = model.find("</s>");
  renamed.replace(at, 4, "<aa>");
  EXPECT_THAT(refusal(renamed), HasSubstr("dir/odd.model: it has no </s>; expected one"));
  const size_t type = model.find("\x18\x03", at);  // field 3: CONTROL
  ASSERT_LT(type, at + 16);
  ordinary[type + 1] = 1;  // NORMAL
  EXPECT_THAT(refusal(ordinary), HasSubstr("dir/odd.model: its </s> is no control token"));
}

TEST(SentencePieceSegmenterTest, UnknownCharactersAreCounted) {
  const Tokenizer vocabulary = TestVocabulary();
  EXPECT_EQ(vocabulary.CountUnknown("I see a cat."), 0);
  EXPECT_EQ(vocabulary.CountUnknown(""), 0);
  EXPECT_EQ(vocabulary.CountUnknown("I see ΩΩ 🐉 a cat.\tÄ"), 4);
  EXPECT_EQ(vocabulary.CountUnknown("Ω Ω"), 2);
  VocabOptions options = SmallVocabOptions(340);
  options.byte_fallback = true;
  EXPECT_EQ(Tokenizer::FromBytes(TrainTestModel(options), "test.model").CountUnknown("I see ΩΩ, 🐉"), 0);
}

TEST(SentencePieceSegmenterTest, LoadsItsOwnSerializedBytes) {
  const Tokenizer vocabulary = TestVocabulary();
  const std::string path = testing::TempDir() + "/vocabulary_test.model";
  std::ofstream(path, std::ios::binary) << vocabulary.serialized();
  const Tokenizer loaded = Tokenizer::Load(path);
  EXPECT_EQ(loaded.serialized(), vocabulary.serialized());
  EXPECT_EQ(loaded.fingerprint(), vocabulary.fingerprint());
  EXPECT_EQ(loaded.Encode("I see a cat."), vocabulary.Encode("I see a cat."));
  std::remove(path.c_str());
}

TEST(SentencePieceSegmenterTest, MissingFileAndDirectoryAreNamed) {
  EXPECT_THAT(MessageOf<FileError>([] { Tokenizer::Load("/nonexistent/v.model"); }),
              HasSubstr("/nonexistent/v.model: cannot open"));
  EXPECT_THROW(Tokenizer::Load("/"), FileError);
}

TEST(SentencePieceSegmenterTest, ManyThreadsEncodeAtOnce) {
  const Tokenizer vocabulary = TestVocabulary();
  const auto sentences = TestSentences();
  std::vector<std::vector<int32_t>> expected;
  for (const auto& s : sentences) expected.push_back(vocabulary.Encode(s));
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < sentences.size(); ++i) wrong[t] += vocabulary.Encode(sentences[i]) != expected[i];
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(SentencePieceSegmenterTest, ALineOfAMegabyteEncodes) {
  const Tokenizer vocabulary = TestVocabulary();
  std::string text;
  while (text.size() < (1u << 20)) text += "I see a cat. ";
  text.pop_back();
  EXPECT_EQ(vocabulary.Decode(vocabulary.Encode(text)), text);
}

TEST(SentencePieceSegmenterTest, ARunOfUnknownCharactersIsOneTokenHoweverLongAndTakesNoTime) {
  for (const VocabType type : {VocabType::kUnigram, VocabType::kBpe}) {
    VocabOptions options = SmallVocabOptions();
    options.type = type;
    const auto vocabulary = Tokenizer::FromBytes(TrainTestModel(options), "test.model");
    const std::vector<int32_t> expected = vocabulary.Encode("I see ΩΩ, a cat. Ω");
    EXPECT_EQ(std::count(expected.begin(), expected.end(), vocabulary.unk_id()), 2);
    std::string run;
    while (run.size() < (1u << 20)) run += "龘Ω";
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(vocabulary.Encode("I see " + run + ", a cat. " + run), expected);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    EXPECT_LT(seconds, 5) << "usually about 0.01 s; the limit leaves room for a busy machine";
  }
}

// Full-width letters are no pieces, but become letters that are.
TEST(SentencePieceSegmenterTest, NormalisationSeesLongRunsWhole) {
  VocabOptions options = SmallVocabOptions();
  options.normalization = Normalization::kNfkc;
  const auto vocabulary = Tokenizer::FromBytes(TrainTestModel(options), "test.model");
  std::string plain, wide;
  for (int i = 0; i < 2000; ++i) plain += "cat", wide += "ｃａｔ";
  EXPECT_EQ(vocabulary.Encode(wide), vocabulary.Encode(plain));
}

TEST(SentencePieceSegmenterTest, ByteFallbackKeepsALongRunWhole) {
  VocabOptions options = SmallVocabOptions(340);
  options.byte_fallback = true;
  const auto vocabulary = Tokenizer::FromBytes(TrainTestModel(options), "test.model");
  std::string run;
  while (run.size() < (1u << 18)) run += "龘Ω";
  EXPECT_EQ(vocabulary.Decode(vocabulary.Encode(run)), run);
}

TEST(SentencePieceSegmenterTest, TraitsSayHowItWasMade) {
  const VocabularyTraits plain = TestVocabulary().traits();
  EXPECT_EQ(plain.type, "unigram");
  EXPECT_EQ(plain.user_defined, 0);
  EXPECT_EQ(plain.bytes, 0);
  EXPECT_FALSE(plain.byte_fallback);
  EXPECT_EQ(plain.normalization, "none");
  EXPECT_TRUE(plain.adds_space_in_front);
  EXPECT_TRUE(plain.removes_extra_spaces);

  VocabOptions options = SmallVocabOptions(400);
  options.type = VocabType::kBpe;
  options.byte_fallback = true;
  options.symbols = {"<sep>", "<ask>"};
  options.normalization = Normalization::kNmtNfkc;
  const auto vocabulary = Tokenizer::FromBytes(TrainTestModel(options), "test.model");
  const VocabularyTraits traits = vocabulary.traits();
  EXPECT_EQ(traits.type, "bpe");
  EXPECT_EQ(traits.bytes, 256);
  EXPECT_TRUE(traits.byte_fallback);
  EXPECT_EQ(traits.user_defined, 2);
  EXPECT_EQ(traits.normalization, "nmt_nfkc");
  EXPECT_EQ(vocabulary.pad_id(), -1);
  const auto characters = [&](int32_t id) {
    return std::ranges::count_if(vocabulary.Piece(id), [](char c) { return (c & 0xC0) != 0x80; });
  };
  for (int32_t id = 261; id < vocabulary.size(); ++id) EXPECT_LE(characters(id), characters(traits.longest));
}

TEST(SentencePieceSegmenterTest, FindsAPieceByItsTextAndNoOther) {
  const Tokenizer vocabulary = TestVocabulary();
  for (int32_t id = 0; id < vocabulary.size(); ++id) EXPECT_EQ(vocabulary.Find(vocabulary.Piece(id)), id);
  for (const char* other : {"", "dragon", "<pad>", "\xFF"}) EXPECT_EQ(vocabulary.Find(other), std::nullopt) << other;
}

}  // namespace
}  // namespace dragoman
