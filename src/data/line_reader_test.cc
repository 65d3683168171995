// SPDX-License-Identifier: Apache-2.0
#include "data/line_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "data/corpus_testing.h"

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

TEST(LineReaderTest, WhatIsNoTextIsNamedWithWhatMakesTextOfIt) {
  EXPECT_THAT(ErrorOf("\x28\xB5\x2F\xFD..."),
              HasSubstr("/text: this is zstd; expected UTF-8 text, plain or gzip; unpack "
                        "it: zstd -dc < old > new"));
  EXPECT_THAT(
      ErrorOf(std::string("\xFF\xFE"
                          "a\0\n\0",
                          6)),
      HasSubstr("/text: this is UTF-16 text; expected UTF-8 text, plain or gzip; convert it: iconv -f UTF-16 "));
  EXPECT_THAT(ErrorOf(std::string("a\0b\0\n\0", 6)), HasSubstr("iconv -f UTF-16LE "));
  EXPECT_THAT(
      ErrorOf(Gzip(std::string("\0a\0b\0\n", 6))),
      HasSubstr("this is UTF-16BE text in gzip; expected UTF-8 text, plain or gzip; unpack it: gzip -dc < packed > "
                "old, then convert it: iconv -f UTF-16BE "));
  EXPECT_THAT(ErrorOf(Gzip(Gzip("a\n"))), HasSubstr("this is gzip in gzip"));
  EXPECT_THAT(ErrorOf(std::string("ab\0c\n", 5)), HasSubstr("tr -d"));
}

TEST(LineReaderTest, LinesThatEndInCrAloneAreRefusedHoweverTheFileEnds) {
  for (const char* text :
       {"a\rb\rc\r", "a\rb\rc", "a\rb\rc\n", "a\rb\rc\r\n", "a\rb\n", "a\r\rb\n", "a\rb\rc\rd\ne\nf\n"}) {
    EXPECT_THAT(ErrorOf(text),
                HasSubstr("/text:1: lines end in CR alone here; expected LF or CR LF; convert them: tr"));
  }
  EXPECT_THAT(ErrorOf("a\nb\rc\rd\re\n"), HasSubstr("/text:2: lines end in CR"));
  std::string unix_first, mac;
  for (int i = 0; i < 50; ++i) unix_first += "x\n", mac += "y\r";
  EXPECT_THAT(ErrorOf(unix_first + mac + "\n" + unix_first), HasSubstr("/text:51: lines end in CR"));
  EXPECT_THAT(ErrorOf(std::string(kMaxLineBytes, 'x') + "\ry"), HasSubstr("/text:1: lines end in CR"));
}

TEST(LineReaderTest, AStrayCrIsText) {
  EXPECT_THAT(LinesOf("c\na\rb\nc\n"), ElementsAre("c", "a\rb", "c"));
  EXPECT_THAT(LinesOf("a\r"), ElementsAre("a"));
  EXPECT_THAT(LinesOf("a\r\r\nb\r\r\n"), ElementsAre("a", "b"));
}

TEST(LineReaderTest, ACheckIsAskedWhileNothingComes) {
  const TestDirectory directory;
  ASSERT_EQ(mkfifo((directory / "pipe").c_str(), 0600), 0);
  int calls = 0;
  LineReader reader(directory / "pipe", [&] {
    if (++calls == 3) throw Error("enough");
  });
  EXPECT_EQ(MessageOf<Error>([&] { ReadAll(&reader); }), "enough");
}

TEST(LineReaderTest, WhatNeverEndsIsNotCountedToItsEnd) {
  LineReader zeros("/dev/zero");
  EXPECT_EQ(zeros.CountLines(), "more than 0 lines");
  std::string_view line;
  EXPECT_THAT(MessageOf<FileError>([&] { zeros.Next(&line); }),
              HasSubstr("/dev/zero:1: this line is longer than 16 MB"));
  const TestDirectory directory;
  LineReader file(directory.Write("text", "a\nb\xFF\nc"));
  file.Next(&line);
  EXPECT_EQ(file.CountLines(), "3 lines");
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
