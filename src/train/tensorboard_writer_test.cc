// SPDX-License-Identifier: Apache-2.0
#include "train/tensorboard_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/crc32.h"
#include "base/error.h"
#include "base/faulty_file_system_testing.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TensorBoardWriterTest : public testing::Test {
 protected:
  TensorBoardWriterTest() {
    std::string pattern = testing::TempDir() + "dragoman_tensorboard_XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~TensorBoardWriterTest() override { RemoveAll(files_, directory_); }

  FileSystem& files_ = RealFileSystem();
  std::string directory_;
};

// The records of a file of TFRecords, each checksum checked.
std::vector<std::string> RecordsOf(const std::string& bytes) {
  const auto unmasked = [](const char* at) {
    uint32_t masked = 0;
    std::memcpy(&masked, at, 4);
    const uint32_t rotated = masked - 0xa282ead8u;
    return rotated >> 17 | rotated << 15;
  };
  std::vector<std::string> records;
  for (size_t at = 0; at < bytes.size();) {
    uint64_t length = 0;
    std::memcpy(&length, bytes.data() + at, 8);
    EXPECT_EQ(unmasked(bytes.data() + at + 8), Crc32c(bytes.substr(at, 8)));
    records.push_back(bytes.substr(at + 12, length));
    EXPECT_EQ(unmasked(bytes.data() + at + 12 + length), Crc32c(records.back()));
    at += 12 + length + 4;
  }
  return records;
}

TEST_F(TensorBoardWriterTest, RecordIsFramedAsTensorFlowDoes) {
  // Length 3, its masked checksum, "abc", its masked checksum: as written by TensorBoard's own RecordWriter.
  const std::string expected(
      "\x03\0\0\0\0\0\0\0"
      "\xb0\x99\x49\x0e"
      "abc"
      "\x6e\x57\xf1\x21",
      19);
  EXPECT_EQ(TfRecord("abc"), expected);
  EXPECT_THAT(RecordsOf(TfRecord("abc") + TfRecord("")), ElementsAre("abc", ""));
}

TEST_F(TensorBoardWriterTest, EventsAreTheProtocolBuffersTensorBoardReads) {
  TensorBoardWriter writer(files_, directory_ + "/tensorboard", 301, [] { return 1024.0; });
  writer.Scalar("loss", 302, 1.5f);
  EXPECT_THAT(writer.path(), HasSubstr("/tensorboard/events.out.tfevents.0000001024."));
  const std::string time("\x09\0\0\0\0\0\0\x90\x40", 9);  // field 1, a double: 1024.0
  const std::vector<std::string> records = RecordsOf(ReadFile(files_, writer.path()));
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0], time + std::string("\x10\0", 2) + "\x1a\x0d" + "brain.Event:2");
  EXPECT_EQ(records[1], time + "\x10\xad\x02" + "\x3a\x02\x08\x01");  // step 301, session log: start
  EXPECT_EQ(records[2],
            time + "\x10\xae\x02" + "\x2a\x0d" + "\x0a\x0b" + "\x0a\x04loss" + std::string("\x15\0\0\xc0\x3f", 5));
}

TEST_F(TensorBoardWriterTest, LaterEventFilesSortAfterEarlierOnes) {
  const auto clock = [] { return 5.0; };
  EXPECT_THAT(TensorBoardWriter(files_, directory_, 1, clock).path(), HasSubstr(".0000000005."));
  EXPECT_THAT(TensorBoardWriter(files_, directory_, 1, clock).path(), HasSubstr(".0000000006."));
  WriteFile(files_, directory_ + "/events.out.tfevents.99999999999999999999.x", "");
  EXPECT_THAT(TensorBoardWriter(files_, directory_, 1, clock).path(), HasSubstr(".0000000007."));
}

TEST_F(TensorBoardWriterTest, WhatIsSyncedSurvivesAPowerCut) {
  FaultyFileSystem faulty(files_);
  TensorBoardWriter writer(faulty, directory_ + "/tensorboard", 1);
  writer.Scalar("loss", 1, 1.5f);
  writer.Sync();
  const std::string bytes = ReadFile(files_, writer.path());
  faulty.CrashAt(faulty.operations() + 1, AfterCrash::kUnsyncedLost);
  EXPECT_THROW(writer.Scalar("loss", 2, 1.5f), FileError);
  ASSERT_TRUE(files_.Exists(writer.path())) << "its name was not on the disk";
  EXPECT_EQ(ReadFile(files_, writer.path()), bytes);
}

// Half of tests/python/check_tensorboard.py, which runs this test and then lets TensorBoard read what it wrote: a run
// killed in the middle of a record after step 5, then gone on with from step 3.
TEST_F(TensorBoardWriterTest, WritesARunForTensorBoard) {
  const char* sample = std::getenv("DRAGOMAN_SAMPLE_DIR");
  if (sample == nullptr) GTEST_SKIP() << "run by tests/python/check_tensorboard.py";
  std::string killed;
  {
    TensorBoardWriter first(files_, sample, 1);
    for (int step = 1; step <= 5; ++step) first.Scalar("train/loss", step, 10.0f - static_cast<float>(step));
    killed = first.path();
  }
  files_.OpenAppend(killed)->Append(TfRecord("a record cut short").substr(0, 17));
  TensorBoardWriter second(files_, sample, 4);
  for (int step = 4; step <= 6; ++step) second.Scalar("train/loss", step, 20.0f - static_cast<float>(step));
  second.Scalar("valid/bleu", 6, 34.4f);
  second.Sync();
}

}  // namespace
}  // namespace dragoman
