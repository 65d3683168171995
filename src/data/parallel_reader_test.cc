// SPDX-License-Identifier: Apache-2.0
#include "data/parallel_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/corpus_testing.h"

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
  const std::string rest = ", \"target\": \"b\"}";
  EXPECT_THAT(
      error("{\"source\": \"a\""),
      HasSubstr("/j:2: column 15: not JSON: the end inside an object, expected ',' or '}'; expected an object with "
                "the strings \"source\" and \"target\"; mend the line"));
  EXPECT_THAT(error("{\"source\": NaN" + rest), HasSubstr("/j:2: column 12: not JSON: NaN, expected null or a"));
  EXPECT_THAT(error("{'source': 'a'}"), HasSubstr("/j:2: column 2: not JSON: a single quote, expected a key"));
  EXPECT_THAT(error("{\"source\": \"a\", }"), HasSubstr("/j:2: column 15: not JSON: a comma before '}'"));
  EXPECT_THAT(error("\xEF\xBB\xBF\xEF\xBB\xBF{}"), HasSubstr("/j:2: column 2: not JSON: a byte order mark"));
  EXPECT_THAT(error("{\"source\": \"a\"" + rest + rest.substr(2)), HasSubstr("after the end"));
  EXPECT_THAT(error("[1, 2]"), HasSubstr("/j:2: column 1: this is [1, 2], expected an object"));
  EXPECT_THAT(error("{\"source\": \"a\"}"), HasSubstr("/j:2: column 1: no key \"target\""));
  EXPECT_THAT(error("{\"source\": 1" + rest), HasSubstr("column 12: the value of \"source\" is 1, expected a string"));
  EXPECT_THAT(error("{\"source\": 1e99999" + rest), HasSubstr("\"source\" is 1e99999, expected a string"));
  EXPECT_THAT(error("{\"source\": null" + rest), HasSubstr("\"source\" is null, expected a string"));
  EXPECT_THAT(error("{\"source\": \"a\\u0000\"" + rest), HasSubstr("holds a NUL"));
  EXPECT_THAT(error("{\"source\": \"a\\ud800\"" + rest), HasSubstr("column 14: the value of \"source\" has \\ud800"));
  EXPECT_THAT(error("{\"source\": \"a\", \"source\": \"b\"" + rest),
              HasSubstr("column 17: the key \"source\" is there twice"));
  EXPECT_THAT(error(std::string(200000, '[')), HasSubstr("nested more than 128 deep"));
}

TEST(ParallelReaderTest, WhatJsonlKeysHoldThatNobodyReadsDoesNotMatter) {
  const TestDirectory directory;
  const std::string line =
      R"({"x": "\ud800", "y": 1e99999, "z": [{"k": 1, "k": "\udc00\udc00"}, {}], "source": "a", "target": "b", "\ud800": 0})";
  EXPECT_THAT(ReadPairs(OneFile(PairFormat::kJsonl, directory.Write("j", line))), ElementsAre(Pair("a", "b")));
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
