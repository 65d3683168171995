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
  EXPECT_THAT(ErrorOf(packed.substr(0, packed.size() / 2)), testing::ContainsRegex("/text:[1-9][0-9]+: gzip"));
  std::string cut = Gzip("a\nb\n") + Gzip("c\nd\n");
  cut.pop_back();  // of the last checksum: all four lines are there
  EXPECT_THAT(ErrorOf(cut), HasSubstr("/text:5: gzip data ends too early"));
}

TEST(LineReaderTest, DamagedGzipIsAnError) {
  std::string packed = Gzip("some text that is long enough\n");
  packed[packed.size() - 6] ^= 1;  // in the checksum
  EXPECT_THAT(ErrorOf(packed), HasSubstr("/text:1: gzip data is damaged"));
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

TEST(LineReaderTest, Utf16WithoutAMarkIsRecognisedByItsNulBytes) {
  EXPECT_THAT(ErrorOf(std::string("a\0b\0\n\0", 6)), HasSubstr("/text:1: this is UTF-16 text; expected UTF-8; "
                                                               "convert it: iconv -f UTF-16LE"));
  EXPECT_THAT(ErrorOf(std::string("\0a\0b\0\n", 6)), HasSubstr("iconv -f UTF-16BE"));
  EXPECT_THAT(ErrorOf(std::string("ab\0c\n", 5)), HasSubstr("tr -d"));
  EXPECT_THAT(ErrorOf(std::string("\0\0\0\0\n", 5)), HasSubstr("tr -d"));
}

TEST(LineReaderTest, OtherPackersAreNamedWithWhatUnpacksThem) {
  EXPECT_THAT(ErrorOf(std::string("\xFD\x37zXZ\0...", 9)), HasSubstr("/text: this is packed; expected text, plain or "
                                                                     "gzip; unpack it first: xz -dc < old > new"));
  EXPECT_THAT(ErrorOf("\x28\xB5\x2F\xFD..."), HasSubstr("zstd -dc"));
  EXPECT_THAT(ErrorOf("BZh91AY&SY..."), HasSubstr("bzip2 -dc"));
  EXPECT_THAT(ErrorOf("PK\x03\x04..."), HasSubstr("funzip"));
  for (const std::string text : {"BZh91AY, a text", "PK", "(", "B"}) EXPECT_THAT(LinesOf(text), ElementsAre(text));
}

TEST(LineReaderTest, LineEndsOfOldMacsAreRefusedButAStrayCrIsNot) {
  EXPECT_THAT(ErrorOf("a\rb\rc\r"), HasSubstr("/text:1: the lines of this file end in CR alone"));
  EXPECT_THAT(LinesOf("a\rb\nc\n"), ElementsAre("a\rb", "c"));
  EXPECT_THAT(LinesOf("a\r"), ElementsAre("a"));
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
