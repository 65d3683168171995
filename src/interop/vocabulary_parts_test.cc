// SPDX-License-Identifier: Apache-2.0
#include "interop/vocabulary_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/rng.h"
#include "interop/interop_testing.h"
#include "text/vocabulary_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class UnusedPiecesTest : public testing::TestWithParam<VocabType> {
 protected:
  static std::string Model() {
    VocabOptions options = SmallVocabOptions(80);
    options.type = GetParam();
    return TrainTestModel(options);
  }
  // What occurs in the text, which a model would gladly take: all runs of up to 4 characters that are no pieces; a
  // character that it does not know; and words of others.
  static std::vector<std::string> Further(const Tokenizer& vocab) {
    std::set<std::string> further = {"\xC3\x9F",
                                     "\xE2\x96\x81Stra\xC3\x9F"
                                     "e",
                                     "zebra"};
    for (const char* const word : {"teacher", "student", "neighbour", "brother", "doctor"}) {
      const std::string text(word);
      for (size_t at = 0; at < text.size(); ++at) {
        for (size_t length = 2; length <= 4; ++length) further.insert(text.substr(at, length));
      }
    }
    std::erase_if(further, [&](const std::string& piece) { return vocab.Find(piece).has_value(); });
    return {further.begin(), further.end()};
  }
};

TEST_P(UnusedPiecesTest, AreSaidButNoTextBecomesThem) {
  const std::string model = Model();
  const Tokenizer plain = Tokenizer::FromBytes(model, "plain");
  const std::vector<std::string> further = Further(plain);
  const Tokenizer more = Tokenizer::FromBytes(WithUnusedPieces(model, further), "more");
  ASSERT_EQ(more.size(), plain.size() + static_cast<int32_t>(further.size()));
  for (size_t i = 0; i < further.size(); ++i) {
    const auto id = more.Find(further[i]);
    ASSERT_TRUE(id) << further[i];
    EXPECT_EQ(*id, plain.size() + static_cast<int32_t>(i));
    EXPECT_EQ(more.Piece(*id), further[i]);
    if (further[i].starts_with("\xE2\x96\x81")) continue;
    const std::vector<int32_t> twice = {*id, *id};
    EXPECT_EQ(more.Decode(twice), further[i] + further[i]);
  }
  const std::vector<int32_t> street = {
      *more.Find("\xE2\x96\x81Stra\xC3\x9F"
                 "e")};
  EXPECT_EQ(more.Decode(street),
            "Stra\xC3\x9F"
            "e");
  std::vector<std::string> texts = TestSentences();
  for (const char* const text : {"\xC3\x9F", "a \xC3\x9F b", "zebra zebra",
                                 "Stra\xC3\x9F"
                                 "e",
                                 "the teachers' doctorbrother"}) {
    texts.push_back(text);
  }
  // Words that the model was not made of, of its letters.
  Rng rng(1);
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (uint64_t length = 1 + rng.Below(12); length > 0; --length) text += "teachrsudnigbo "[rng.Below(15)];
    texts.push_back(text);
  }
  for (const std::string& text : texts) {
    ASSERT_EQ(more.Encode(text), plain.Encode(text)) << text;
    ASSERT_EQ(more.CountUnknown(text), plain.CountUnknown(text)) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, UnusedPiecesTest, testing::Values(VocabType::kUnigram, VocabType::kBpe),
                         [](const auto& test) { return test.param == VocabType::kBpe ? "bpe" : "unigram"; });

// A BPE model, of pieces in the order of their merges.
std::string BpeOf(const std::vector<std::string>& pieces) {
  constexpr char kUnknown = 2, kControl = 3;
  std::string model;
  float score = 0;
  const auto add = [&](const std::string& piece, char type) {
    std::string content = "\x0a" + std::string(1, static_cast<char>(piece.size())) + piece + "\x15";
    content.append(reinterpret_cast<const char*>(&score), sizeof(score));
    content += std::string("\x18") + type;
    model += "\x0a" + std::string(1, static_cast<char>(content.size())) + content;
    score -= 1;
  };
  add("<unk>", kUnknown);
  add("<s>", kControl);
  add("</s>", kControl);
  for (const std::string& piece : pieces) add(piece, /*normal*/ 1);
  return model + std::string("\x12\x02\x18\x02", 4);  // trainer_spec: model_type is BPE
}

// "cd" comes before "bc", so that "abcd" is never made of "abc"; but it would be of "ab", were that a step on the way.
TEST(UnusedPiecesOfBpeTest, LeadToNoOtherPieces) {
  const std::string model = BpeOf({"cd", "bc", "abc", "abcd", "\xE2\x96\x81", "a", "b", "c", "d"});
  const Tokenizer plain = Tokenizer::FromBytes(model, "plain");
  const std::vector<std::string> further = {"ab"};
  const Tokenizer more = Tokenizer::FromBytes(WithUnusedPieces(model, further), "more");
  EXPECT_EQ(plain.Encode("abcd").size(), 4u);
  EXPECT_EQ(more.Encode("abcd"), plain.Encode("abcd"));
  EXPECT_EQ(more.Encode("ab"), plain.Encode("ab"));
  EXPECT_EQ(more.Piece(more.size() - 1), "ab");
}

TEST(UnusedPiecesTest, OfNoneIsTheModelAsItWas) {
  const std::string model = TrainTestModel(SmallVocabOptions());
  EXPECT_EQ(WithUnusedPieces(model, {}), model);
}

TEST(UnusedPiecesTest, APieceThatIsThereIsAnError) {
  const std::string model = TrainTestModel(SmallVocabOptions());
  const std::vector<std::string> twice = {"</s>"};
  EXPECT_NE(ErrorIn([&] { Tokenizer::FromBytes(WithUnusedPieces(model, twice), "twice"); }), "");
}

TEST(NumberSegmenterTest, TextIsIds) {
  const std::shared_ptr<const Segmenter> numbers = NumberSegmenter(/*rows=*/12, /*eos=*/2, /*unk=*/3);
  const Tokenizer vocab(numbers, {}, "numbers");
  EXPECT_EQ(vocab.size(), 12);
  EXPECT_EQ(vocab.eos_id(), 2);
  EXPECT_EQ(vocab.unk_id(), 3);
  EXPECT_THAT(vocab.Encode("7 0 11"), ElementsAre(7, 0, 11));
  EXPECT_THAT(vocab.Encode("12 2 07"), ElementsAre(3, 3, 3)) << "no row, </s> goes by its name, no number of ours";
  const std::vector<int32_t> ids = {4, 10};
  EXPECT_EQ(vocab.Decode(ids), "4 10");
}

TEST(NumberSegmenterTest, WithoutRoomForThePiecesThatEveryModelNeedsIsAnError) {
  EXPECT_THROW(NumberSegmenter(3, 2, 3), FormatError);
  EXPECT_THROW(NumberSegmenter(3, 7, 1), FormatError);
}

TEST(PadToTest, MakesUpForRowsThatAreMissing) {
  const Tokenizer vocab = TestVocabulary();
  TokenizerSettings settings;
  PadTo(vocab.size() + 5, *vocab.segmenter(), &settings);
  EXPECT_EQ(settings.padding_rows, 5);
  PadTo(vocab.size(), *vocab.segmenter(), &settings);
  EXPECT_EQ(settings.padding_rows, 0);
  PadTo(vocab.size() - 1, *vocab.segmenter(), &settings);
  EXPECT_EQ(settings.padding_rows, 0) << "too few are seen by RequireFit";
  settings.added["<x>"] = vocab.size() + 2;
  PadTo(vocab.size() + 5, *vocab.segmenter(), &settings);
  EXPECT_EQ(settings.padding_rows, 2);
  settings = Reversed(vocab, /*gap=*/3);
  PadTo(vocab.size() + 5, *vocab.segmenter(), &settings);
  EXPECT_EQ(settings.padding_rows, 2);
  EXPECT_EQ(Tokenizer(vocab.segmenter(), settings, "settings").rows(), vocab.size() + 5);
}

TEST(TokenIdsTest, AreReadByPiece) {
  const TestFolder folder;
  const std::string path = folder.Write("vocab.json", R"({"<pad>": 1, "a": 0, "\u2581b": 7})");
  EXPECT_EQ(ReadTokenIds(RealFileSystem(), path), (TokenIds{{"<pad>", 1},
                                                            {"a", 0},
                                                            {"\xE2\x96\x81"
                                                             "b",
                                                             7}}));
  for (const char* const json : {R"({"a": -1})", R"({"a": 1.5})", R"({"a": 99999999})", R"(["a"])", R"({"a": "1"})"}) {
    folder.Write("vocab.json", json);
    EXPECT_THAT(ErrorIn([&] { ReadTokenIds(RealFileSystem(), path); }), HasSubstr("vocab.json")) << json;
  }
}

TEST(TokenIdsTest, OfPiecesAreByTheirTextOrNone) {
  const Tokenizer vocab = TestVocabulary();
  const std::vector<int32_t> ids = IdsOfPieces(*vocab.segmenter(), {{"</s>", 9}, {vocab.Piece(10), 4}});
  ASSERT_EQ(ids.size(), static_cast<size_t>(vocab.size()));
  EXPECT_EQ(ids[static_cast<size_t>(vocab.eos_id())], 9);
  EXPECT_EQ(ids[10], 4);
  EXPECT_EQ(std::ranges::count(ids, -1), vocab.size() - 2);
}

TEST(TagTest, HasACodeBetweenItsMarks) {
  EXPECT_EQ(CodeOfTag(">>fra<<"), "fra");
  EXPECT_EQ(CodeOfTag(">>cmn_Hans<<"), "cmn_Hans");
  for (const char* const other : {"", ">>", ">><<", "fra", ">>fra", "fra<<", ">fra<"}) EXPECT_EQ(CodeOfTag(other), "");
}

TEST(PairTest, OneSegmenterIsOneVocabulary) {
  const auto one = TestVocabulary().segmenter();
  EXPECT_TRUE(PairOf(one, one, {}, "path").joint());
  EXPECT_FALSE(PairOf(one, EndingsVocabulary().segmenter(), {}, "path").joint());
  TokenizerSettingsPair settings;
  settings.src.prefix = {4};
  const VocabularyPair pair = PairOf(one, one, settings, "path");
  EXPECT_TRUE(pair.joint());
  EXPECT_THAT(pair.src->sentence().prefix, ElementsAre(4));
  EXPECT_THAT(pair.tgt->sentence().prefix, ElementsAre());
}

}  // namespace
}  // namespace dragoman
