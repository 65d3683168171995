// SPDX-License-Identifier: Apache-2.0
#include "train/jsonl_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "base/faulty_file_system_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

class JsonlLogTest : public testing::Test {
 protected:
  JsonlLogTest() {
    std::string pattern = testing::TempDir() + "dragoman_log_XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~JsonlLogTest() override { RemoveAll(files_, directory_); }
  std::string Path() const { return directory_ + "/train.jsonl"; }
  std::string AfterResume(const std::string& text, int64_t step) {
    WriteFile(files_, Path(), text);
    JsonlLog log(files_, Path(), step);
    log.Write("new");
    return ReadFile(files_, Path());
  }

  FileSystem& files_ = RealFileSystem();
  std::string directory_;
};

TEST_F(JsonlLogTest, GrowsByALineARecord) {
  JsonlLog log(files_, Path(), 0);
  log.Write(R"({"step": 1})");
  log.Write(R"({"step": 2})");
  log.Sync();
  EXPECT_EQ(ReadFile(files_, Path()), "{\"step\": 1}\n{\"step\": 2}\n");
}

TEST_F(JsonlLogTest, ResumingDropsLaterRecordsAndTornLinesOnly) {
  const std::string one = "{\"event\":\"train\", \"step\": 1, \"loss\": 2.50}\n",
                    two = "{ \"loss\":1e-3,\"step\":2,\"event\": \"train\"}\n",
                    three = "{\"event\":\"valid\",\"step\": 3}\n";
  EXPECT_EQ(AfterResume(one + two + three, 2), one + two + "new\n");  // the bytes kept are the bytes there were
  EXPECT_EQ(AfterResume(one + two, 2), one + two + "new\n");
  EXPECT_EQ(AfterResume(one + two + "{\"event\":\"train\",\"step\": 2, \"lo", 2), one + two + "new\n");
  EXPECT_EQ(AfterResume(one + two + "{\"event\":\"train\",\"step\": 2}", 2),
            one + two + "new\n");  // no line's end: torn just there
  EXPECT_EQ(AfterResume(one + std::string(9, '\0') + "\n" + two, 2), one + two + "new\n");
  EXPECT_EQ(AfterResume("{\"eve", 2), "new\n");
  EXPECT_EQ(AfterResume("", 2), "new\n");
}

TEST_F(JsonlLogTest, ARunThatIsNotResumedBeginsAnew) {
  const std::string zero = "{\"event\":\"valid\",\"step\":0}\n", one = "{\"event\":\"train\",\"step\":1}\n";
  EXPECT_EQ(AfterResume(zero + one, -1), "new\n");
  EXPECT_EQ(AfterResume("{\"event\":\"tr", -1), "new\n");  // killed as it wrote its first record
  EXPECT_EQ(AfterResume("", -1), "new\n");
  EXPECT_EQ(AfterResume(zero + one, 0), zero + "new\n") << "one resumed from step 0 does not";
}

TEST_F(JsonlLogTest, APartialRecordStaysUntilItsStepsAreInAnother) {
  const std::string one = "{\"event\":\"train\",\"step\":1}\n", end = "{\"event\":\"end\",\"step\":2}\n",
                    part = "{\"event\":\"train\",\"step\":2,\"partial\":true}\n";
  WriteFile(files_, Path(), one + part + end);
  JsonlLog log(files_, Path(), 2);
  EXPECT_EQ(ReadFile(files_, Path()), one + part + end);
  log.DropPartial();
  log.Write("new");
  EXPECT_EQ(ReadFile(files_, Path()), one + end + "new\n");
}

// It may well be the training data, which users call train.jsonl, too.
TEST_F(JsonlLogTest, FileThatIsNoLogIsLeftAlone) {
  for (const std::string text : {"dear diary\n", "dear diary", "{\"src\": \"a\", \"tgt\": \"b\"}\n",
                                 "{\"src\": \"a\", \"tgt\": \"b\"}", "{\"step\": 1, \"text\": \"fold the paper\"}\n"}) {
    for (const int64_t step : {-1, 5}) {
      EXPECT_THAT([&] { AfterResume(text, step); }, testing::ThrowsMessage<FileError>(HasSubstr(Path()))) << text;
      EXPECT_EQ(ReadFile(files_, Path()), text);
    }
  }
}

TEST_F(JsonlLogTest, FailedWriteSpoilsItsOwnLineOnly) {
  FaultyFileSystem faulty(files_);
  JsonlLog log(faulty, Path(), 0);
  log.Write(R"({"event": "train", "step": 1})");
  faulty.FailAt(faulty.operations() + 1);
  EXPECT_THROW(log.Write(R"({"event": "train", "step": 2})"), FileError);
  log.Write(R"({"event": "train", "step": 3})");
  const std::string text = ReadFile(files_, Path());
  EXPECT_THAT(text, testing::StartsWith("{\"event\": \"train\", \"step\": 1}\n"));
  EXPECT_THAT(text, testing::EndsWith("\n{\"event\": \"train\", \"step\": 3}\n"));
  JsonlLog again(files_, Path(), 3);
  EXPECT_EQ(ReadFile(files_, Path()), "{\"event\": \"train\", \"step\": 1}\n{\"event\": \"train\", \"step\": 3}\n");
}

}  // namespace
}  // namespace dragoman
