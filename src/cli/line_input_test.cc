// SPDX-License-Identifier: Apache-2.0
#include "cli/line_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "base/timer.h"
#include "data/corpus_testing.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_), 0); }
  ~Pipe() {
    Close();
    close(ends_[0]);
  }
  void Write(const std::string& text) const {
    EXPECT_EQ(write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void Close() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }
  std::string path() const { return "/dev/fd/" + std::to_string(ends_[0]); }

 private:
  int ends_[2];
};

std::vector<std::string> LinesOf(const std::string& text, size_t max_line_bytes = 1 << 20) {
  Pipe pipe;
  pipe.Write(text);
  pipe.Close();
  LineInput input(pipe.path(), max_line_bytes);
  return input.Next(1000);
}

TEST(LineInputTest, EveryLineIsALine) {
  EXPECT_THAT(LinesOf(""), IsEmpty());
  EXPECT_THAT(LinesOf("\n"), ElementsAre(""));
  EXPECT_THAT(LinesOf("a\n\n\nb"), ElementsAre("a", "", "", "b"));
  EXPECT_THAT(LinesOf("a\nb\n"), ElementsAre("a", "b"));
}

TEST(LineInputTest, LineEndsAndByteOrderMarkAreLeftOut) {
  EXPECT_THAT(LinesOf("\xEF\xBB\xBF"
                      "a\r\n\r\nb\r\r\nc\rd\r"),
              ElementsAre("a", "", "b", "c\rd"));
  EXPECT_THAT(LinesOf("a\n\xEF\xBB\xBF"
                      "b"),
              ElementsAre("a",
                          "\xEF\xBB\xBF"
                          "b"));  // no mark, in the middle
}

TEST(LineInputTest, AnOverlongLineKeepsItsLeftPart) {
  EXPECT_THAT(LinesOf("abcdefgh\nij\n", 4), ElementsAre("abcd", "ij"));
}

TEST(LineInputTest, NulAndInvalidBytesPass) {
  EXPECT_THAT(LinesOf(std::string("a\0b\n\xFF\n", 6)), ElementsAre(std::string("a\0b", 3), "\xFF"));
}

TEST(LineInputTest, ChunksAreFullWhileInputComes) {
  const Pipe pipe;
  pipe.Write("1\n2\n3\n4\n5\n");
  LineInput input(pipe.path());
  EXPECT_THAT(input.Next(2), ElementsAre("1", "2"));
  EXPECT_THAT(input.Next(2), ElementsAre("3", "4"));
}

TEST(LineInputTest, LongLinesGoOnOverManyReads) {
  const std::string line(300'000, 'x');
  Pipe pipe;
  std::thread writer([&] {
    pipe.Write(line + "\n" + line);
    pipe.Close();
  });
  LineInput input(pipe.path());
  EXPECT_THAT(input.Next(9), ElementsAre(line, line));
  writer.join();
}

TEST(LineInputTest, ALineIsNotKeptWaitingForTheNext) {
  const Pipe pipe;  // stays open
  LineInput input(pipe.path());
  for (const char* line : {"first", "second"}) {
    pipe.Write(std::string(line) + "\nbegun");
    const Timer timer;
    EXPECT_THAT(input.Next(1000), ElementsAre(line));
    EXPECT_LT(timer.Seconds(), 2.0);
    pipe.Write("\n");
    EXPECT_THAT(input.Next(1000), ElementsAre("begun"));
  }
}

TEST(LineInputTest, AChunkThatTricklesInEndsSoon) {
  Pipe pipe;
  std::thread writer([&] {
    for (int i = 0; i < 200; ++i) {
      pipe.Write("line\n");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    pipe.Close();
  });
  LineInput input(pipe.path());
  size_t lines = 0, chunks = 0;
  for (auto chunk = input.Next(1000); !chunk.empty(); chunk = input.Next(1000)) {
    lines += chunk.size();
    ++chunks;
  }
  writer.join();
  EXPECT_EQ(lines, 200u);
  EXPECT_GE(chunks, 3u);  // a second's worth in chunks of a tenth; fewer on a machine that stalls
}

TEST(LineInputTest, GzipIsReadAsItComes) {
  Pipe pipe;
  LineInput input(pipe.path());
  pipe.Write(Gzip("first\n"));
  EXPECT_THAT(input.Next(9), ElementsAre("first"));
  pipe.Write(Gzip("second\nthird"));
  pipe.Close();
  EXPECT_THAT(input.Next(9), ElementsAre("second", "third"));
  EXPECT_THAT(input.Next(9), IsEmpty());
}

TEST(LineInputTest, WhatIsNoTextIsRefused) {
  EXPECT_THAT(MessageOf<FileError>([] { LinesOf("BZh91AY&SY..."); }), HasSubstr("this is bzip2; expected UTF-8 text"));
  EXPECT_THAT(MessageOf<FileError>([] { LinesOf("\xFF\xFEx"); }), HasSubstr("this is UTF-16 text"));
  EXPECT_THAT(MessageOf<FileError>([] { LinesOf("a\rb\rc\n"); }), HasSubstr(":1: lines end in CR alone"));
}

TEST(LineInputTest, LinesBeforeAFaultAreAnswered) {
  Pipe pipe;
  pipe.Write("a\nb\nc\rd\re\rf\rg\n");
  LineInput input(pipe.path());
  EXPECT_THAT(input.Next(9), ElementsAre("a", "b"));
  for (int twice = 0; twice < 2; ++twice) {
    EXPECT_THAT(MessageOf<FileError>([&] { input.Next(9); }), HasSubstr(":3: lines end in CR alone"));
  }
}

TEST(LineInputTest, ALineWithoutEndIsRefused) {
  LineInput input("/dev/zero", /*max_line_bytes=*/1 << 20);
  EXPECT_THAT(MessageOf<FileError>([&] { input.Next(9); }),
              HasSubstr("/dev/zero:1: this line is longer than 64 MB and has no end yet"));
}

TEST(LineInputTest, AnErrorNamesTheInput) {
  EXPECT_THAT(MessageOf<FileError>([] { LineInput("/nonexistent/file"); }),
              HasSubstr("/nonexistent/file: cannot open: No such file or directory"));
  LineInput directory("/");
  EXPECT_THAT(MessageOf<FileError>([&] { directory.Next(1); }), HasSubstr("/: cannot read: Is a directory"));
}

}  // namespace
}  // namespace dragoman
