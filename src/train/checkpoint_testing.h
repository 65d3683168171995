// SPDX-License-Identifier: Apache-2.0
// A run in a directory of its own, with small checkpoints whose bytes follow from their step. For tests.
#ifndef DRAGOMAN_TRAIN_CHECKPOINT_TESTING_H_
#define DRAGOMAN_TRAIN_CHECKPOINT_TESTING_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "train/checkpoint_store.h"

namespace dragoman {

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() {
    std::string pattern = testing::TempDir() + "dragoman_run_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    run_ = directory_ + "/run";
  }
  ~CheckpointTest() override { RemoveAll(files_, directory_); }

  CheckpointStore Open(const RetentionOptions& retention) { return Open(files_, retention); }
  CheckpointStore Open(FileSystem& files, const RetentionOptions& retention) {
    return CheckpointStore(files, run_, retention, [this](const std::string& line) { reports_.push_back(line); });
  }

  static std::string WeightsOf(int64_t step) { return "weights after step " + std::to_string(step); }
  static std::string StateOf(int64_t step) { return "{\"step\": " + std::to_string(step) + "}"; }

  static CheckpointContents ContentsOf(int64_t step, std::optional<double> score = {}) {
    CheckpointContents contents;
    contents.step = step;
    contents.score = score;
    contents.files.push_back({"model.safetensors", [step](WritableFile& file) {  // in two writes, as a real one
                                file.Append(WeightsOf(step).substr(0, 9));
                                file.Append(WeightsOf(step).substr(9));
                              }});
    contents.files.push_back(FileOfBytes("train_state.json", StateOf(step)));
    contents.files.push_back({"empty", [](WritableFile&) {}});
    return contents;
  }

  // The bytes are those of the manifest's step, all of them.
  void ExpectWhole(const Checkpoint& checkpoint) {
    EXPECT_EQ(ReadFile(files_, checkpoint.directory + "/model.safetensors"), WeightsOf(checkpoint.manifest.step));
    EXPECT_EQ(ReadFile(files_, checkpoint.directory + "/train_state.json"), StateOf(checkpoint.manifest.step));
    EXPECT_EQ(ReadFile(files_, checkpoint.directory + "/empty"), "");
  }

  std::vector<std::string> Checkpoints() {
    std::vector<std::string> names;
    for (const std::string& name : files_.List(run_)) {
      if (name.rfind("step-", 0) == 0) names.push_back(name);
    }
    return names;
  }

  FileSystem& files_ = RealFileSystem();
  std::string directory_;
  std::string run_;
  std::vector<std::string> reports_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_CHECKPOINT_TESTING_H_
