// SPDX-License-Identifier: Apache-2.0
// Every change of a file that a run makes fails once, and ends the world once: what is left is a run to go on with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "train/trainer_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

class TrainerFilesTest : public TrainerTest {
 protected:
  static constexpr int64_t kSteps = 5;

  TrainOptions Options(const std::string& run) const {
    TrainOptions options = Rich(run, kSteps);
    options.save_every = 3;  // saves at 3, validates at 4 and 5, when the first of the three goes
    options.valid_every = 4;
    options.log_every = 1;
    options.tensorboard = true;
    options.threads = 1;  // a WorkerPool's threads would cost more than the training
    return options;
  }

  // The run as a failure left it goes on and ends as "straight" did.
  void ExpectToRecover(const std::string& run, const std::string& what) {
    SCOPED_TRACE(what);
    testing::internal::CaptureStderr();
    EXPECT_NO_THROW(Train(Resumed(Options(run))));
    testing::internal::GetCapturedStderr();
    ExpectSameEnd(run, "straight");
    RemoveAll(RealFileSystem(), directory_ / run);
  }
};

TEST_F(TrainerFilesTest, AnySingleFailureIsReportedAndARunGoesOn) {
  FaultyFileSystem counting(RealFileSystem());
  Train(counting, Options("straight"));
  const int64_t operations = counting.operations();
  ASSERT_GT(operations, 200);
  int64_t reported = 0;
  for (int64_t operation = 1; operation <= operations; ++operation) {
    const std::string what = "operation " + std::to_string(operation);
    FaultyFileSystem failing(RealFileSystem());
    failing.FailAt(operation);
    testing::internal::CaptureStderr();
    try {
      Train(failing, Options("run"));
      EXPECT_NE(testing::internal::GetCapturedStderr(), "") << what << ": failed, and nobody was told";
    } catch (const FileError& error) {
      testing::internal::GetCapturedStderr();
      EXPECT_THAT(error.what(), HasSubstr("no space left on device")) << what;
      EXPECT_THAT(error.what(), HasSubstr(ParentDirectory(directory_ / "run"))) << what;
      ++reported;
    }
    ExpectToRecover("run", what);
    if (HasFailure()) break;
  }
  EXPECT_GT(reported, operations / 2);
}

TEST_F(TrainerFilesTest, PowerCutAtAnyOperationLeavesARunThatGoesOn) {
  FaultyFileSystem counting(RealFileSystem());
  Train(counting, Options("straight"));
  const AfterCrash ways[] = {AfterCrash::kAllKept, AfterCrash::kUnsyncedLost, AfterCrash::kNewestNameKept,
                             AfterCrash::kUnsyncedTorn};
  for (int64_t operation = 1; operation <= counting.operations(); operation += 3) {
    FaultyFileSystem crashing(RealFileSystem());
    crashing.CrashAt(operation, ways[operation % 4]);
    testing::internal::CaptureStderr();
    try {
      Train(crashing, Options("run"));
    } catch (const FileError&) {  // unless the last save had only old checkpoints left to remove
    }
    testing::internal::GetCapturedStderr();
    EXPECT_TRUE(crashing.crashed());
    ExpectToRecover("run", "operation " + std::to_string(operation) + ", way " + std::to_string(operation % 4));
    if (HasFailure()) break;
  }
}

// The system's own "no space left on device", from a disk that has room for the lock alone.
TEST_F(TrainerFilesTest, FullDiskIsSaidWithPathAndAdvice) {
  const std::string run = directory_ / "run";
  CreateDirectories(RealFileSystem(), run);
  if (mount("tmpfs", run.c_str(), "tmpfs", 0, "size=4k") != 0) {
    GTEST_SKIP() << "no disk can be mounted here: " << std::strerror(errno);
  }
  const std::string message = MessageOf<FileError>([&] { Train(RealFileSystem(), Options("run")); });
  EXPECT_EQ(umount2(run.c_str(), MNT_DETACH), 0);
  EXPECT_THAT(message, HasSubstr("/run/corpus.tokens.tmp: cannot write"));
  EXPECT_THAT(message, HasSubstr("No space left on device"));
  EXPECT_THAT(message, HasSubstr("remove something or choose a place with more room"));
}

}  // namespace
}  // namespace dragoman
