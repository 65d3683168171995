// SPDX-License-Identifier: Apache-2.0
#include "data/line_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/test_corpus.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> ReadAll(LineReader* reader) {
  std::vector<std::string> lines;
  std::string_view line;
  while (reader->Next(&line)) lines.emplace_back(line);
  return lines;
}

std::vector<std::string> LinesOf(const std::string& bytes, LineNotes* notes = nullptr) {
  const TestDirectory directory;
  LineReader reader(directory.Write("text", bytes));
  auto lines = ReadAll(&reader);
  if (notes != nullptr) *notes = reader.notes();
  return lines;
}

std::string ErrorOf(const std::string& bytes) {
  return MessageOf<FileError>([&] { LinesOf(bytes); });
}

TEST(LineReaderTest, ALastLineNeedsNoLineFeed) {
  EXPECT_THAT(LinesOf("a\nb\n"), ElementsAre("a", "b"));
  EXPECT_THAT(LinesOf("a\nb"), ElementsAre("a", "b"));
  EXPECT_THAT(LinesOf("a\n\nb\n\n"), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(LinesOf("\n"), ElementsAre(""));
  EXPECT_THAT(LinesOf(""), ElementsAre());
}

TEST(LineReaderTest, LinesOfAllLengthsAroundTheBufferAreWhole) {
  std::string text;
  std::vector<std::string> expected;
  for (int length : {0, 1, 65533, 65534, 65535, 65536, 65537, 3, 131072, 0, 0, 65536}) {
    expected.push_back(std::string(static_cast<size_t>(length), static_cast<char>('a' + length % 26)));
    text += expected.back() + "\n";
  }
  EXPECT_EQ(LinesOf(text), expected);
  EXPECT_EQ(LinesOf(Gzip(text)), expected);
}

TEST(LineReaderTest, GzipIsKnownByItsBytesNotItsName) {
  EXPECT_THAT(LinesOf(Gzip("a\nb\n")), ElementsAre("a", "b"));
  const TestDirectory directory;
  LineReader reader(directory.Write("plain.gz", "not packed\n"));
  EXPECT_THAT(ReadAll(&reader), ElementsAre("not packed"));
  EXPECT_THAT(LinesOf(Gzip("")), ElementsAre());
}

TEST(LineReaderTest, GzipMembersAreOneText) {
  EXPECT_THAT(LinesOf(Gzip("a\nb") + Gzip("c\nd\n")), ElementsAre("a", "bc", "d"));
  EXPECT_THAT(LinesOf(Gzip("a\n") + std::string(512, '\0')), ElementsAre("a"));
}

TEST(LineReaderTest, EveryTruncationOfGzipIsAnError) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += std::to_string(i * i) + "\n";
  const std::string packed = Gzip(text);
  for (size_t size = 2; size < packed.size(); ++size) {
    EXPECT_THAT(ErrorOf(packed.substr(0, size)), HasSubstr("gzip data ends too early")) << size;
  }
}

TEST(LineReaderTest, DamagedGzipIsAnError) {
  std::string packed = Gzip("some text that is long enough\n");
  packed[packed.size() - 6] ^= 1;  // in the checksum
  EXPECT_THAT(ErrorOf(packed), HasSubstr("gzip data is damaged"));
}

TEST(LineReaderTest, CrLfAndByteOrderMarkAreDroppedAndCounted) {
  LineNotes notes;
  EXPECT_THAT(LinesOf("\xEF\xBB\xBF"
                      "a\r\nb\r\n\r\nc",
                      &notes),
              ElementsAre("a", "b", "", "c"));
  EXPECT_EQ(notes.crlf_lines, 3);
  EXPECT_EQ(notes.bom_files, 1);
  EXPECT_THAT(LinesOf("a\n\xEF\xBB\xBF"
                      "b\n",
                      &notes),
              ElementsAre("a",
                          "\xEF\xBB\xBF"
                          "b"));  // only at the start
  EXPECT_EQ(notes.bom_files, 0);
}

TEST(LineReaderTest, InvalidUtf8IsNamedByFileLineAndByte) {
  const std::string message = ErrorOf("good\nb\xE4r\n");
  EXPECT_THAT(message, HasSubstr("/text:2: byte 2 of the line, 0xE4, is not valid UTF-8"));
  EXPECT_THAT(message, HasSubstr("iconv"));
}

TEST(LineReaderTest, NulIsNamedByFileLineAndByte) {
  EXPECT_THAT(ErrorOf(std::string("x\nab\0c\n", 7)), HasSubstr("/text:2: byte 3 of the line is NUL"));
}

TEST(LineReaderTest, Utf16IsRecognised) {
  EXPECT_THAT(ErrorOf(std::string("\xFF\xFE"
                                  "a\0\n\0",
                                  6)),
              HasSubstr("/text:1: this is UTF-16"));
}

TEST(LineReaderTest, ALineOfAMegabyteIsFineAndOneAboveTheLimitIsNot) {
  const std::string megabyte(1 << 20, 'x');
  EXPECT_THAT(LinesOf("a\n" + megabyte + "\nb\n"), ElementsAre("a", megabyte, "b"));
  const std::string message = ErrorOf("a\n" + std::string(kMaxLineBytes + 1, 'x'));
  EXPECT_THAT(message, HasSubstr("/text:2: this line is longer than 16 MB"));
}

TEST(LineReaderTest, MissingFileAndDirectoryAreErrors) {
  EXPECT_THAT(MessageOf<FileError>([] { LineReader("/nonexistent/file"); }),
              StartsWith("/nonexistent/file: cannot open: No such file"));
  EXPECT_THAT(MessageOf<FileError>([] {
                LineReader reader("/");
                ReadAll(&reader);
              }),
              HasSubstr("/: cannot read: Is a directory"));
}

TEST(LineReaderTest, DashIsStdin) {
  const TestDirectory directory;
  const StdinFrom redirected(directory.Write("in", "a\nb\n\xFF\n"));
  LineReader reader("-");
  EXPECT_THAT(MessageOf<FileError>([&] { ReadAll(&reader); }), StartsWith("stdin:3: byte 1"));
}

}  // namespace
}  // namespace dragoman
