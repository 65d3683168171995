// SPDX-License-Identifier: Apache-2.0
// The promise of checkpoint_store.h, tried at every single operation of a save and of an opening: whatever fails, and
// whenever the process is killed or the power goes, the run goes on from the old checkpoint or the new one, bit-exact.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/faulty_file_system_testing.h"
#include "train/checkpoint_store.h"
#include "train/checkpoint_testing.h"

namespace dragoman {
namespace {

constexpr AfterCrash kCrashes[] = {AfterCrash::kAllKept, AfterCrash::kUnsyncedLost, AfterCrash::kNewestNameKept,
                                   AfterCrash::kUnsyncedTorn};

class CheckpointCrashTest : public CheckpointTest {
 protected:
  static constexpr int64_t kOld = 200, kNew = 300;
  const RetentionOptions retention_ = {.keep_last = 1, .keep_best = 1};

  // A run that has step 100 as its best and step 200 as its last; the next save moves both links and removes both.
  void PrepareRun() {
    RemoveAll(files_, run_);
    FaultyFileSystem files(files_);  // without faults, but also without the wait for the disk
    CheckpointStore store = Open(files, retention_);
    store.Save(ContentsOf(100, 20.0));
    store.Save(ContentsOf(kOld, 10.0));
  }

  // Opens the run and saves kNew. True if it was saved.
  bool TrySave(FileSystem& files) {
    try {
      CheckpointStore store = Open(files, retention_);
      store.Save(ContentsOf(kNew, 30.0));
      return true;
    } catch (const FileError&) {
      return false;
    }
  }

  int64_t OperationsOf(const std::function<void(FileSystem&)>& fn) {
    FaultyFileSystem counting(files_);
    fn(counting);
    return counting.operations();
  }

  // What a process started afterwards finds. saved: Save had returned, so nothing less than the new one will do.
  void ExpectOldOrNew(bool saved) {
    const std::string last = run_ + "/last";
    const std::string linked = files_.Exists(last) ? files_.ReadSymlink(last) : "";
    EXPECT_THAT(linked, testing::AnyOf("step-00000200", "step-00000300"));
    EXPECT_TRUE(files_.Exists(run_ + "/best"));
    for (const std::string& name : Checkpoints()) EXPECT_TRUE(VerifyCheckpoint(files_, run_ + "/" + name)) << name;
    FaultyFileSystem files(files_);
    CheckpointStore store = Open(files, retention_);
    EXPECT_EQ(files_.ReadSymlink(run_ + "/best"),
              files_.Exists(run_ + "/step-00000300") ? "step-00000300" : "step-00000100");
    const std::optional<Checkpoint> found = store.LatestGood();
    ASSERT_TRUE(found);
    EXPECT_THAT(found->manifest.step, testing::AnyOf(kOld, kNew));
    EXPECT_TRUE(!saved || found->manifest.step == kNew);
    ExpectWhole(*found);
    EXPECT_EQ(found->directory, run_ + "/" + linked);  // no link led astray
    for (const std::string& name : files_.List(run_)) EXPECT_NE(name.rfind(".tmp-", 0), 0u) << name;
    // And the run goes on as if nothing had been.
    store.Save(ContentsOf(400, 40.0));
    EXPECT_EQ(store.LatestGood()->manifest.step, 400);
    EXPECT_THAT(files_.List(run_), testing::ElementsAre(".lock", "best", "last", "step-00000400"));
    EXPECT_EQ(files_.ReadSymlink(run_ + "/best"), "step-00000400");
  }
};

TEST_F(CheckpointCrashTest, EverySingleFailureLeavesOldOrNew) {
  PrepareRun();
  const int64_t operations = OperationsOf([&](FileSystem& files) { TrySave(files); });
  EXPECT_GT(operations, 30);
  int failed_saves = 0;
  for (int64_t at = 1; at <= operations; ++at) {
    SCOPED_TRACE("operation " + std::to_string(at) + " failed");
    PrepareRun();
    FaultyFileSystem faulty(files_);
    faulty.FailAt(at);
    const bool saved = TrySave(faulty);
    failed_saves += saved ? 0 : 1;
    ExpectOldOrNew(saved);
  }
  EXPECT_GT(failed_saves, 20);  // not all were swallowed: only removing the old ones may fail unnoticed
}

// A full disk stays full; the process lives on, goes on training, and saves again once there is room.
TEST_F(CheckpointCrashTest, SameProcessSavesAgainAfterAFailure) {
  PrepareRun();
  const int64_t operations = OperationsOf([&](FileSystem& files) { TrySave(files); });
  for (int64_t at = 1; at <= operations; ++at) {
    SCOPED_TRACE("operation " + std::to_string(at) + " failed");
    PrepareRun();
    FaultyFileSystem faulty(files_);
    CheckpointStore store = Open(faulty, retention_);
    faulty.FailAt(faulty.operations() + at);
    try {
      store.Save(ContentsOf(kNew, 30.0));
    } catch (const FileError&) {
      const bool linked = files_.ReadSymlink(run_ + "/last") == "step-00000300";
      std::vector<std::string> expected = {"step-00000100", "step-00000200"};
      if (linked) expected.push_back("step-00000300");
      EXPECT_EQ(Checkpoints(), expected);
      for (const std::string& name : files_.List(run_)) EXPECT_NE(name.rfind(".tmp-", 0), 0u) << name;
    }
    store.Save(ContentsOf(kNew + 1, 30.5));
    const std::optional<Checkpoint> found = store.LatestGood();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->manifest.step, kNew + 1);
    ExpectWhole(*found);
  }
}

TEST_F(CheckpointCrashTest, CrashAtEveryOperationLeavesOldOrNew) {
  PrepareRun();
  const int64_t operations = OperationsOf([&](FileSystem& files) { TrySave(files); });
  for (const AfterCrash after : kCrashes) {
    for (int64_t at = 1; at <= operations + 1; ++at) {  // the last: right after all is done
      SCOPED_TRACE("crash at operation " + std::to_string(at) + ", kind " + std::to_string(static_cast<int>(after)));
      PrepareRun();
      FaultyFileSystem faulty(files_);
      faulty.CrashAt(at, after);
      const bool saved = TrySave(faulty);
      EXPECT_THROW(faulty.SyncDirectory(directory_),
                   FileError);  // the operation after the last, or any after the crash
      EXPECT_TRUE(faulty.crashed());
      ExpectOldOrNew(saved);
    }
  }
}

TEST_F(CheckpointCrashTest, CrashDuringTheFirstSaveLeavesNothingOrAWholeOne) {
  const auto first_save = [&](FileSystem& files) {
    try {
      Open(files, retention_).Save(ContentsOf(kNew));
    } catch (const FileError&) {
    }
  };
  const int64_t operations = OperationsOf(first_save);
  for (const AfterCrash after : kCrashes) {
    for (int64_t at = 1; at <= operations; ++at) {
      SCOPED_TRACE("crash at operation " + std::to_string(at) + ", kind " + std::to_string(static_cast<int>(after)));
      RemoveAll(files_, run_);
      FaultyFileSystem faulty(files_);
      faulty.CrashAt(at, after);
      first_save(faulty);
      FaultyFileSystem files(files_);
      CheckpointStore store = Open(files, retention_);
      const std::optional<Checkpoint> found = store.LatestGood();
      if (found) ExpectWhole(*found);
      store.Save(ContentsOf(400));
      EXPECT_EQ(store.LatestGood()->manifest.step, 400);
      EXPECT_THAT(files_.List(run_), testing::ElementsAre(".lock", "last", "step-00000400"));
    }
  }
}

// Killed wherever in a save, and again in the next: a kill may leave one more than promised, until the next start.
TEST_F(CheckpointCrashTest, AfterAnyNumberOfKillsThePromisedNumberStays) {
  PrepareRun();
  const auto start_and_save = [&](FileSystem& files, int64_t step) {
    try {
      CheckpointStore store = Open(files, retention_);
      store.LatestGood();
      store.RemoveSurplus();
      store.Save(ContentsOf(step, 5.0));
    } catch (const FileError&) {
    }
  };
  const int64_t operations = OperationsOf([&](FileSystem& files) { start_and_save(files, kNew); });
  for (int64_t at = 1; at <= operations; ++at) {
    SCOPED_TRACE("crash at operation " + std::to_string(at));
    PrepareRun();
    for (int64_t kills = 0; kills < 3; ++kills) {
      FaultyFileSystem faulty(files_);
      faulty.CrashAt(at, AfterCrash::kAllKept);
      start_and_save(faulty, kNew + kills);
      EXPECT_LE(Checkpoints().size(), 3u) << "after kill " << kills;
    }
    FaultyFileSystem files(files_);
    CheckpointStore store = Open(files, retention_);
    const std::optional<Checkpoint> found = store.LatestGood();
    store.RemoveSurplus();
    EXPECT_EQ(Checkpoints().size(), 2u) << "the best and the last";
    ASSERT_TRUE(found);
    ExpectWhole(*store.LatestGood());
    EXPECT_EQ(store.LatestGood()->directory, found->directory);
  }
}

// A machine that dies again while it picks up the pieces of the first time.
TEST_F(CheckpointCrashTest, CrashWhileRecoveringFromACrashLeavesOldOrNew) {
  PrepareRun();
  const auto recover = [&](FileSystem& files) {
    try {
      Open(files, retention_).LatestGood();
    } catch (const FileError&) {
    }
  };
  const int64_t operations = OperationsOf([&](FileSystem& files) { TrySave(files); });
  for (int64_t at = 1; at <= operations; ++at) {
    for (int64_t again = 1;; ++again) {
      SCOPED_TRACE("crash at operation " + std::to_string(at) + ", then at " + std::to_string(again));
      PrepareRun();
      FaultyFileSystem faulty(files_);
      faulty.CrashAt(at, AfterCrash::kAllKept);
      const bool saved = TrySave(faulty);
      FaultyFileSystem recovering(files_);
      recovering.CrashAt(again, AfterCrash::kUnsyncedLost);
      recover(recovering);
      ExpectOldOrNew(saved);
      if (!recovering.crashed()) break;
    }
  }
}

}  // namespace
}  // namespace dragoman
