// SPDX-License-Identifier: Apache-2.0
// Damage, retention and names. What happens when an operation fails or the machine dies at any moment of a save is in
// checkpoint_crash_test.cc.
#include "train/checkpoint_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/crc32.h"
#include "base/error.h"
#include "train/checkpoint_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CheckpointStoreTest : public CheckpointTest {
 protected:
  void FlipByte(const std::string& path, size_t at) {
    std::string bytes = ReadFile(files_, path);
    bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
    Overwrite(path, bytes);
  }
  void Overwrite(const std::string& path, const std::string& bytes) {
    files_.RemoveFile(path);  // emptying it instead would make ext4 wait for the disk
    files_.Create(path)->Append(bytes);
  }
  std::string ErrorOf(const std::function<void()>& fn) {
    try {
      fn();
    } catch (const FileError& error) {
      return error.what();
    }
    return "nothing was thrown";
  }
};

TEST_F(CheckpointStoreTest, FreshRunHasNoCheckpoint) {
  CheckpointStore store = Open({});
  EXPECT_EQ(store.LatestGood(), std::nullopt);
  EXPECT_THAT(store.BestDirectories(1), IsEmpty());
  EXPECT_THAT(reports_, IsEmpty());
}

TEST_F(CheckpointStoreTest, SavedCheckpointComesBackWithItsManifest) {
  CheckpointStore store = Open({});
  EXPECT_EQ(store.Save(ContentsOf(1000, 31.25)), run_ + "/step-00001000");
  const std::optional<Checkpoint> found = store.LatestGood();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->directory, run_ + "/step-00001000");
  EXPECT_EQ(found->manifest.step, 1000);
  EXPECT_EQ(found->manifest.score, 31.25);
  EXPECT_EQ(found->manifest.files.size(), 3u);
  ExpectWhole(*found);
  EXPECT_EQ(files_.ReadSymlink(run_ + "/last"), "step-00001000");
  EXPECT_EQ(files_.ReadSymlink(run_ + "/best"), "step-00001000");
  EXPECT_THAT(reports_, IsEmpty());
}

TEST_F(CheckpointStoreTest, KeepsTheLastOnesAndTheBestOnes) {
  CheckpointStore store = Open({.keep_last = 1, .keep_best = 2});
  const double scores[] = {10, 30, 20, 30, 5};
  for (int i = 0; i < 5; ++i) store.Save(ContentsOf(100 * (i + 1), scores[i]));
  EXPECT_THAT(Checkpoints(), ElementsAre("step-00000200", "step-00000400", "step-00000500"));
  EXPECT_EQ(files_.ReadSymlink(run_ + "/best"), "step-00000200");  // the earlier of two equals
  EXPECT_EQ(files_.ReadSymlink(run_ + "/last"), "step-00000500");
  EXPECT_THAT(store.BestDirectories(1), ElementsAre(run_ + "/step-00000200"));
  EXPECT_THAT(store.BestDirectories(9),
              ElementsAre(run_ + "/step-00000200", run_ + "/step-00000400", run_ + "/step-00000500"));
  EXPECT_EQ(BestCheckpoints(files_, run_, 2), store.BestDirectories(2));  // though the run is locked
}

// It was removed by hand, or by the training that goes on there.
TEST_F(CheckpointStoreTest, ACheckpointWithoutItsManifestIsPassedOver) {
  CheckpointStore store = Open({.keep_last = 3, .keep_best = 2});
  for (int i = 1; i <= 3; ++i) store.Save(ContentsOf(i, i));
  files_.RemoveFile(run_ + "/step-00000002/MANIFEST.json");
  EXPECT_THAT(BestCheckpoints(files_, run_, 9), ElementsAre(run_ + "/step-00000003", run_ + "/step-00000001"));
  store.Save(ContentsOf(4, 4));
  EXPECT_EQ(files_.ReadSymlink(run_ + "/best"), "step-00000004");
}

TEST_F(CheckpointStoreTest, NoScoreIsNeverBest) {
  CheckpointStore store = Open({.keep_last = 1, .keep_best = 1});
  store.Save(ContentsOf(1, std::nan("")));
  store.Save(ContentsOf(2, std::numeric_limits<double>::infinity()));
  EXPECT_THAT(store.BestDirectories(1), IsEmpty());
  EXPECT_EQ(files_.Type(run_ + "/best"), FileType::kNone);
  store.Save(ContentsOf(3, -2.5));
  store.Save(ContentsOf(4, -1.5));
  store.Save(ContentsOf(5, -3.5));
  store.Save(ContentsOf(6));
  EXPECT_THAT(Checkpoints(), ElementsAre("step-00000004", "step-00000006"));
  EXPECT_EQ(files_.ReadSymlink(run_ + "/best"), "step-00000004");
}

TEST_F(CheckpointStoreTest, SameStepAgainGetsANameOfItsOwn) {
  CheckpointStore store = Open({.keep_last = 1});
  store.Save(ContentsOf(7));
  EXPECT_EQ(store.Save(ContentsOf(7, 1.0)), run_ + "/step-00000007.1");
  EXPECT_THAT(Checkpoints(), ElementsAre("step-00000007.1"));
  EXPECT_EQ(store.Save(ContentsOf(7, 0.0)), run_ + "/step-00000007");
  EXPECT_EQ(store.LatestGood()->directory, run_ + "/step-00000007");
}

TEST_F(CheckpointStoreTest, GoingOnFromAnEarlierStepGivesUpTheLaterOnes) {
  CheckpointStore store = Open({.keep_last = 2});
  for (const int step : {10, 20, 30}) store.Save(ContentsOf(step));
  RemoveAll(files_, run_ + "/last");
  files_.CreateSymlink("step-00000020", run_ + "/last");  // a person winds the run back
  EXPECT_EQ(store.LatestGood()->manifest.step, 20);
  store.Save(ContentsOf(25));
  EXPECT_THAT(Checkpoints(), ElementsAre("step-00000020", "step-00000025"));
}

TEST_F(CheckpointStoreTest, AnyDamagedFileIsReportedAndTheOneBeforeUsed) {
  for (const std::string name : {"model.safetensors", "train_state.json", "empty", kManifestName}) {
    for (const bool cut : {false, true}) {
      reports_.clear();
      RemoveAll(files_, run_);
      CheckpointStore store = Open({.keep_last = 2});
      store.Save(ContentsOf(1));
      const std::string path = store.Save(ContentsOf(2)) + "/" + name;
      const std::string bytes = ReadFile(files_, path);
      if (bytes.empty()) {
        WriteFile(files_, path, "no more");
      } else if (cut) {
        files_.Truncate(path, static_cast<int64_t>(bytes.size()) - 1);
      } else {
        FlipByte(path, bytes.size() / 2);
      }
      const std::optional<Checkpoint> found = store.LatestGood();
      ASSERT_TRUE(found);
      EXPECT_EQ(found->manifest.step, 1);
      ASSERT_EQ(reports_.size(), 2u);
      EXPECT_THAT(reports_[0], AllOf(HasSubstr("damaged checkpoint"), HasSubstr(path)));
      EXPECT_THAT(reports_[1], HasSubstr("going on from " + run_ + "/step-00000001"));
      EXPECT_EQ(files_.ReadSymlink(run_ + "/last"), "step-00000001");
      store.Save(ContentsOf(2));  // the damaged one does not count as one of the two kept
      EXPECT_THAT(Checkpoints(), ElementsAre("step-00000001", "step-00000002.1"));
    }
  }
}

TEST_F(CheckpointStoreTest, MissingFilesManifestsAndTargetsAreDamageToo) {
  CheckpointStore store = Open({.keep_last = 3});
  for (const int step : {1, 2, 3}) store.Save(ContentsOf(step));
  files_.RemoveFile(run_ + "/step-00000003/train_state.json");
  files_.RemoveFile(run_ + "/step-00000002/MANIFEST.json");
  EXPECT_EQ(store.LatestGood()->manifest.step, 1);
  EXPECT_THAT(reports_, ElementsAre(HasSubstr("train_state.json: is missing"), HasSubstr("has no MANIFEST.json"),
                                    HasSubstr("going on from")));
  reports_.clear();
  RemoveAll(files_, run_ + "/last");
  files_.CreateSymlink("step-00000009", run_ + "/last");
  EXPECT_EQ(store.LatestGood()->manifest.step, 1);
  EXPECT_THAT(reports_.at(0), HasSubstr("points to step-00000009, which is not there"));
}

TEST_F(CheckpointStoreTest, OnlyDamagedCheckpointsAreAnErrorNotAFreshStart) {
  CheckpointStore store = Open({});
  FlipByte(store.Save(ContentsOf(1, 5.0)) + "/model.safetensors", 3);
  EXPECT_THAT(ErrorOf([&] { store.LatestGood(); }),
              AllOf(HasSubstr("all 1 checkpoints here are damaged"), HasSubstr("choose another `output`")));
}

TEST_F(CheckpointStoreTest, DamagedBestIsForgotten) {
  CheckpointStore store = Open({.keep_last = 1});
  FlipByte(store.Save(ContentsOf(1, 9.0)) + "/model.safetensors", 3);
  EXPECT_THROW(store.LatestGood(), FormatError);
  store.Save(ContentsOf(2));
  EXPECT_FALSE(files_.Exists(run_ + "/best"));
  EXPECT_EQ(files_.Type(run_ + "/best"), FileType::kNone);
  store.Save(ContentsOf(3, 1.0));
  EXPECT_EQ(files_.ReadSymlink(run_ + "/best"), "step-00000003");
}

TEST_F(CheckpointStoreTest, SecondTrainingIntoTheSameRunIsRefused) {
  CheckpointStore store = Open({});
  EXPECT_THAT(ErrorOf([&] { Open({}); }),
              AllOf(HasSubstr(run_), HasSubstr("another training (process " + std::to_string(getpid()) + ")"),
                    HasSubstr("choose another `output`")));
}

TEST_F(CheckpointStoreTest, LeftoversAreSweptAwayAndOthersFilesLeftAlone) {
  { Open({}).Save(ContentsOf(1)); }
  CreateDirectories(files_, run_ + "/.tmp-step-00000002");
  WriteFile(files_, run_ + "/.tmp-step-00000002/model.safetensors", "half a mod");
  files_.CreateSymlink("step-00000002", run_ + "/.tmp-last");
  files_.CreateSymlink("step-00000002", run_ + "/.tmp-best");
  WriteFile(files_, run_ + "/log.jsonl", "{}\n");
  for (const char* name : {"/.tmp-notes", "/.tmp-step-2", "/.tmp-last-week"}) {
    CreateDirectories(files_, run_ + name);
    WriteFile(files_, run_ + name + "/text", "a user's own");
  }
  CreateDirectories(files_, run_ + "/step-1");
  CreateDirectories(files_, run_ + "/step-00000001-copy");
  CheckpointStore store = Open({.keep_last = 1});
  store.Save(ContentsOf(3));
  EXPECT_THAT(files_.List(run_), ElementsAre(".lock", ".tmp-last-week", ".tmp-notes", ".tmp-step-2", "last",
                                             "log.jsonl", "step-00000001-copy", "step-00000003", "step-1"));
  EXPECT_EQ(ReadFile(files_, run_ + "/.tmp-notes/text"), "a user's own");
}

// What `cp -rL` makes of a run.
TEST_F(CheckpointStoreTest, DirectoryInTheLinksPlaceIsNamedAtOnce) {
  { Open({}).Save(ContentsOf(1, 1.0)); }
  for (const std::string name : {"last", "best"}) {
    files_.RemoveFile(run_ + "/" + name);
    CreateDirectories(files_, run_ + "/" + name);
    EXPECT_THAT(
        ErrorOf([&] { Open({}); }),
        AllOf(HasSubstr(run_ + "/" + name + ": is a directory, expected nothing or a link"), HasSubstr("remove it")));
    files_.RemoveDirectory(run_ + "/" + name);
  }
  CheckpointStore store = Open({});
  EXPECT_EQ(store.LatestGood()->manifest.step, 1);
  EXPECT_EQ(files_.ReadSymlink(run_ + "/best"), "step-00000001");
}

// Whoever hands over a run's directory must not choose what else is written.
TEST_F(CheckpointStoreTest, NoLinkLeadsOutOfTheRun) {
  { Open({}).Save(ContentsOf(1, 1.0)); }
  const std::string victim = directory_ + "/victim", outside = directory_ + "/outside";
  WriteFile(files_, victim, "precious");
  CreateDirectories(files_, outside);
  WriteFile(files_, outside + "/model.safetensors", "precious");
  for (const std::string name : {".lock", "train.jsonl", "config.toml", "tensorboard", "averaged"}) {
    const std::string path = JoinPath(run_, name);
    RemoveAll(files_, path);
    for (const std::string& target : {victim, outside, directory_ + "/new"}) {
      files_.CreateSymlink(target, path);
      EXPECT_THAT(ErrorOf([&] { Open({}); }), HasSubstr(path + ": is a link to " + target + ", expected nothing or"));
      files_.RemoveFile(path);
    }
  }
  for (const char* name : {"/last", "/best"}) files_.RemoveFile(run_ + name);
  for (const char* name : {"/last", "/best", "/.tmp-last", "/.tmp-best", "/.tmp-step-00000002", "/step-00000002"}) {
    files_.CreateSymlink(outside, run_ + name);
  }
  CheckpointStore store = Open({});
  EXPECT_EQ(CheckpointsNewestFirst(files_, run_), std::vector<std::string>{run_ + "/step-00000001"});
  EXPECT_EQ(store.LatestGood()->directory, run_ + "/step-00000001");
  EXPECT_EQ(store.Save(ContentsOf(2, 2.0)), run_ + "/step-00000002.1");
  EXPECT_EQ(files_.ReadSymlink(run_ + "/best"), "step-00000002.1");
  EXPECT_EQ(ReadFile(files_, victim), "precious");
  EXPECT_THAT(files_.List(outside), ElementsAre("model.safetensors"));
  EXPECT_EQ(ReadFile(files_, outside + "/model.safetensors"), "precious");
  EXPECT_FALSE(files_.Exists(directory_ + "/new"));
}

// What a removal that failed half-way left behind is in nobody's way.
TEST_F(CheckpointStoreTest, LeftoversOfTheSameProcessAreReplaced) {
  CheckpointStore store = Open({.keep_last = 1});
  store.Save(ContentsOf(1));
  for (const char* name : {"/.tmp-step-00000001", "/.tmp-step-00000002"}) {
    CreateDirectories(files_, run_ + name);
    WriteFile(files_, run_ + name + "/junk", "junk");
  }
  store.Save(ContentsOf(2));
  EXPECT_THAT(files_.List(run_), ElementsAre(".lock", "last", "step-00000002"));
  EXPECT_THAT(files_.List(run_ + "/step-00000002"), testing::Not(testing::Contains("junk")));
  EXPECT_THAT(reports_, IsEmpty());
}

TEST_F(CheckpointStoreTest, WriterThatThrowsLeavesTheRunAsItWas) {
  CheckpointStore store = Open({});
  store.Save(ContentsOf(1));
  CheckpointContents contents = ContentsOf(2);
  contents.files.push_back({"late", [](WritableFile&) { throw NumericError("a weight is not finite"); }});
  EXPECT_THROW(store.Save(contents), NumericError);
  EXPECT_THAT(files_.List(run_), ElementsAre(".lock", "last", "step-00000001"));
  EXPECT_EQ(files_.ReadSymlink(run_ + "/last"), "step-00000001");
}

TEST_F(CheckpointStoreTest, VerifyChecksOnlyWhatIsAskedFor) {
  CheckpointStore store = Open({});
  const std::string directory = store.Save(ContentsOf(1));
  FlipByte(directory + "/train_state.json", 2);
  EXPECT_TRUE(VerifyCheckpoint(files_, directory, {"model.safetensors"}));
  EXPECT_THAT(ErrorOf([&] { VerifyCheckpoint(files_, directory); }), HasSubstr("train_state.json: has CRC-32"));
  EXPECT_THAT(ErrorOf([&] { VerifyCheckpoint(files_, directory, {"config.json"}); }),
              HasSubstr("does not name config.json"));
  EXPECT_EQ(VerifyCheckpoint(files_, run_), std::nullopt);  // no manifest: a model made by hand
}

TEST_F(CheckpointStoreTest, AManifestThatCannotBeReadIsNotAbsent) {
  CheckpointStore store = Open({});
  const std::string directory = store.Save(ContentsOf(1));
  const std::string path = directory + "/MANIFEST.json";
  for (const char* target : {"nowhere", "MANIFEST.json"}) {  // dangling, and round in a circle
    files_.RemoveFile(path);
    files_.CreateSymlink(target, path);
    EXPECT_THAT(ErrorOf([&] { VerifyCheckpoint(files_, directory); }),
                HasSubstr(path + ": is a link that leads nowhere"));
  }
}

// Whoever can write a manifest can seal it: its checksum is no proof of anything.
TEST_F(CheckpointStoreTest, ASealedManifestIsReadWithAsMuchCare) {
  CheckpointStore store = Open({});
  const std::string directory = store.Save(ContentsOf(1, 0.1));
  const std::string path = directory + "/MANIFEST.json", bytes = ReadFile(files_, path);
  const auto error_with = [&](const std::string& from, const std::string& to) {
    std::string text = bytes.substr(0, bytes.rfind("  \"manifest_crc32\""));
    text.replace(text.find(from), from.size(), to);
    Overwrite(path, text + "  \"manifest_crc32\": \"" + Crc32Text(Crc32(text)) + "\"\n}\n");
    return ErrorOf([&] { ReadManifest(files_, directory); });
  };
  EXPECT_EQ(error_with("0.1", "0.5"), "nothing was thrown");
  EXPECT_THAT(error_with("0.1", std::string(65'500, '[') + std::string(65'500, ']')),
              HasSubstr("MANIFEST.json:5: column 139: not JSON: nested more than 128 deep; use another checkpoint"));
  EXPECT_THAT(error_with("0.1", "1e99999"), HasSubstr("score is 1e99999, a number out of range"));
  EXPECT_THAT(error_with("\"score\"", "\"step\""), HasSubstr("the key \"step\" is there twice"));
  EXPECT_THAT(error_with("\"step\": 1", "\"step\": -1"), HasSubstr("step is -1, expected an integer from 0 to"));
  EXPECT_THAT(error_with("\"version\": 1", "\"version\": 2"), HasSubstr("version is 2, expected 1"));
  EXPECT_THAT(error_with("dragoman-checkpoint", "zip"), HasSubstr("format is \"zip\", expected \"dragoman-"));
  EXPECT_THAT(error_with("\"empty\"", "\"../empty\""), HasSubstr("expected a plain name, a size and a CRC-32"));
  EXPECT_THAT(error_with("\"empty\"", "\"model.safetensors\""), HasSubstr("a file is there twice"));
  EXPECT_THAT(error_with("\"files\"", "\"fines\""), HasSubstr("the key \"files\" is missing"));
}

TEST_F(CheckpointStoreTest, EveryByteOfTheManifestCounts) {
  CheckpointStore store = Open({});
  const std::string directory = store.Save(ContentsOf(1, 0.1));
  const std::string path = directory + "/MANIFEST.json";
  const std::string bytes = ReadFile(files_, path);
  for (size_t at = 0; at < bytes.size(); ++at) {
    FlipByte(path, at);
    EXPECT_THROW(ReadManifest(files_, directory), FormatError) << at;
    Overwrite(path, bytes.substr(0, at));
    EXPECT_THROW(ReadManifest(files_, directory), FormatError) << at;
    Overwrite(path, bytes);
  }
  EXPECT_EQ(ReadManifest(files_, directory).score, 0.1);
}

}  // namespace
}  // namespace dragoman
