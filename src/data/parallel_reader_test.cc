// SPDX-License-Identifier: Apache-2.0
#include "data/parallel_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/test_corpus.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::vector<std::pair<std::string, std::string>> ReadPairs(const ParallelInput& input) {
  ParallelReader reader(input);
  std::vector<std::pair<std::string, std::string>> pairs;
  std::string_view source;
  std::string_view target;
  while (reader.Next(&source, &target)) pairs.emplace_back(source, target);
  return pairs;
}

ParallelInput OneFile(PairFormat format, const std::string& path) {
  ParallelInput input;
  input.format = format;
  input.source = path;
  return input;
}

std::string ErrorOf(const ParallelInput& input) {
  return MessageOf<FileError>([&] { ReadPairs(input); });
}

TEST(ParallelReaderTest, TwoFilesGoLineByLine) {
  const TestDirectory directory;
  ParallelInput input;
  input.source = directory.Write("a", "one\ntwo\n");
  input.target = directory.Write("b", Gzip("eins\nzwei"));
  EXPECT_THAT(ReadPairs(input), ElementsAre(Pair("one", "eins"), Pair("two", "zwei")));
}

TEST(ParallelReaderTest, UnequalLineCountsNameBothCountsAndTheEndOfTheShorter) {
  const TestDirectory directory;
  ParallelInput input;
  input.source = directory.Write("long", "1\n2\n3\n4\n5\n");
  input.target = directory.Write("short", "1\n2\n3\n");
  const auto expected = AllOf(HasSubstr("/short:3: the file ends here, after 3 lines"), HasSubstr("/long has 5"));
  EXPECT_THAT(ErrorOf(input), expected);
  std::swap(input.source, input.target);
  EXPECT_THAT(ErrorOf(input), expected);
  directory.Write("long", "1\n2\n3\n4\n\xFF\n");
  EXPECT_THAT(ErrorOf(input), expected) << "what the rest holds is no matter here";
  directory.Write("short", "");
  EXPECT_THAT(ErrorOf(input), HasSubstr("/short: the file is empty, but "));
}

TEST(ParallelReaderTest, TsvHasTwoColumns) {
  const TestDirectory directory;
  EXPECT_THAT(ReadPairs(OneFile(PairFormat::kTsv, directory.Write("a", "one\teins\n\n  \n\tnull\n"))),
              ElementsAre(Pair("one", "eins"), Pair("", ""), Pair("", ""), Pair("", "null")));
  EXPECT_THAT(ErrorOf(OneFile(PairFormat::kTsv, directory.Write("b", "one\teins\none eins\n"))),
              HasSubstr("/b:2: 1 column; expected two"));
  EXPECT_THAT(ErrorOf(OneFile(PairFormat::kTsv, directory.Write("c", "one\teins\tun\n"))),
              AllOf(HasSubstr("/c:1: 3 columns"), HasSubstr("cut -f1,2")));
}

TEST(ParallelReaderTest, JsonlHasTwoStrings) {
  const TestDirectory directory;
  const std::string text =
      "{\"source\": \"a \\\"b\\\" \\u4f60\", \"target\": \"c\", \"id\": 3}\n \t\n{\"target\": \"d\", \"source\": "
      "\"\"}\n";
  EXPECT_THAT(ReadPairs(OneFile(PairFormat::kJsonl, directory.Write("a", text))),
              ElementsAre(Pair("a \"b\" 你", "c"), Pair("", ""), Pair("", "d")));
}

TEST(ParallelReaderTest, JsonlKeysMayBeNestedOrHoldDots) {
  const TestDirectory directory;
  ParallelInput input = OneFile(
      PairFormat::kJsonl, directory.Write("a",
                                          "{\"translation\": {\"en\": \"one\", \"de\": \"eins\"}}\n"
                                          "{\"translation.en\": \"two\", \"translation\": {\"de\": \"zwei\"}}\n"));
  input.source_key = "translation.en";
  input.target_key = "translation.de";
  EXPECT_THAT(ReadPairs(input), ElementsAre(Pair("one", "eins"), Pair("two", "zwei")));
}

TEST(ParallelReaderTest, JsonlFaultsAreNamedByLine) {
  const TestDirectory directory;
  const auto error = [&](const std::string& line) {
    return ErrorOf(
        OneFile(PairFormat::kJsonl, directory.Write("j", "{\"source\": \"a\", \"target\": \"b\"}\n" + line + "\n")));
  };
  EXPECT_THAT(error("{\"source\": \"a\""), HasSubstr("/j:2: this is not JSON; expected"));
  EXPECT_THAT(error("[1, 2]"), HasSubstr("/j:2: this is JSON, but no object"));
  EXPECT_THAT(error("{\"source\": \"a\"}"), HasSubstr("/j:2: no key \"target\""));
  EXPECT_THAT(error("{\"source\": 1, \"target\": \"b\"}"), HasSubstr("\"source\" is no string"));
  EXPECT_THAT(error("{\"source\": \"a\\u0000\", \"target\": \"b\"}"), HasSubstr("holds a NUL"));
  EXPECT_THAT(error("{\"source\": \"\\ud800\", \"target\": \"b\"}"), HasSubstr("not JSON"));
  EXPECT_THAT(error(std::string(200000, '[')), HasSubstr("not JSON"));
}

TEST(ParallelReaderTest, StdinOnBothSidesIsRefused) {
  ParallelInput input;
  input.source = input.target = "-";
  EXPECT_THAT(MessageOf<OptionError>([&] { ReadPairs(input); }), HasSubstr("both \"-\""));
}

TEST(ParallelReaderTest, NotesAddUp) {
  const TestDirectory directory;
  ParallelInput input;
  input.source = directory.Write("a", "\xEF\xBB\xBFone\r\ntwo\n");
  input.target = directory.Write("b", "eins\r\nzwei\r\n");
  ParallelReader reader(input);
  std::string_view source;
  std::string_view target;
  while (reader.Next(&source, &target)) continue;
  EXPECT_EQ(reader.notes().crlf_lines, 3);
  EXPECT_EQ(reader.notes().bom_files, 1);
}

}  // namespace
}  // namespace dragoman
