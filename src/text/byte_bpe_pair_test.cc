// SPDX-License-Identifier: Apache-2.0
#include "text/byte_bpe_pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "text/byte_bpe_check.h"
#include "text/byte_bpe_testing.h"
#include "text/vocabulary_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

constexpr char kVocab[] = R"({"</s>": 1, "<s>": 0, "<unk>": 2, "a": 3, "\"": 5, "b": 4, "ab": 6, "Ġ": 7})";

std::string Refusal(const std::string& vocab, const std::string& merges) {
  return MessageOf<FormatError>(
      [&] { ByteBpeFromVocabAndMerges(vocab, merges, {.vocab_path = "dir/v", .merges_path = "dir/m"}); });
}

TEST(ByteBpePairTest, TheTwoFilesAreOneWithSpecialTokens) {
  const ByteBpeContents one = CheckByteBpe(ByteBpeFromVocabAndMerges(kVocab, "#version: 0.2\r\na b\r\n\r\n"), "one");
  EXPECT_EQ(one.names, (std::vector<std::string>{"<s>", "</s>", "<unk>", "a", "b", "\"", "ab", "Ġ"}));
  ASSERT_EQ(one.merges.size(), 1u);
  EXPECT_EQ(one.merges[0].result, 6);
  EXPECT_EQ(one.eos_id, 1);
  EXPECT_EQ(one.unk_id, 2);
  EXPECT_FALSE(one.add_prefix_space);
  const std::string other =
      ByteBpeFromVocabAndMerges(kVocab, "", {.add_prefix_space = true, .special = {"</s>", "<unk>", "Ġ"}});
  EXPECT_TRUE(CheckByteBpe(other, "other").add_prefix_space);
  EXPECT_TRUE(CheckByteBpe(other, "other").special[7]);
  EXPECT_FALSE(CheckByteBpe(other, "other").special[0]);
}

TEST(ByteBpePairTest, TheSameFilesGiveTheSameBytes) {
  const auto make = [] {
    return ByteBpeFromVocabAndMerges(RecordedByteBpe("vocab.json"), RecordedByteBpe("merges.txt"));
  };
  EXPECT_EQ(make(), make());
}

TEST(ByteBpePairTest, FilesThatAreNoneAreNamedWithTheirLine) {
  EXPECT_THAT(Refusal("[]", ""), HasSubstr("dir/v:1: column 1: this is [], expected an object"));
  EXPECT_THAT(Refusal(R"({"a": 1.5})", ""), HasSubstr("the id of \"a\" is 1.5, expected an integer"));
  EXPECT_THAT(Refusal("{\"a\": 1,\n\"a\": 2}", ""), HasSubstr("dir/v:2: column 1: the key \"a\" is there twice"));
  for (const char* line : {"a", "a b c", "a  b", " a", "a ", " "}) {
    EXPECT_THAT(Refusal(kVocab, std::string("#version: 0.2\na b\n") + line + "\n"),
                HasSubstr("dir/m:3: expected two pieces with a space between"))
        << line;
  }
  EXPECT_THAT(Refusal(kVocab, "a b\nb \xFF\n"), HasSubstr("dir/m:2: is not UTF-8"));
}

TEST(ByteBpePairTest, ManyPiecesTakeNoTime) {
  std::string vocab = R"({"</s>": 0, "<unk>": 1)";
  for (int i = 2; i < 100'000; ++i) vocab += ", \"w" + std::to_string(i) + "\": " + std::to_string(i);
  EXPECT_EQ(CheckByteBpe(ByteBpeFromVocabAndMerges(vocab + "}", ""), "many").names.size(), 100'000u);
}

}  // namespace
}  // namespace dragoman
