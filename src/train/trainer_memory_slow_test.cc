// SPDX-License-Identifier: Apache-2.0
// A run of any length takes the memory of a short one, and asks the system for no more.
#include <gtest/gtest.h>

#include "train/resources_testing.h"
#include "train/trainer_testing.h"

namespace dragoman {
namespace {

TEST_F(TrainerTest, StepsValidationsAndSavesLeaveNoMemoryBehind) {
  TrainOptions options = Rich("run", 100);
  options.model.d_model = 64;  // some 100 KB of activations a step: what a lost buffer would cost
  options.model.d_ff = 128;
  options.valid_every = 20;
  options.save_every = 10;
  options.log_every = 10;
  options.tensorboard = true;
  FileSystem& files = RealFileSystem();  // the faulty one remembers every change of a name
  Train(files, options);                 // thread-local buffers, malloc's arenas
  options = Resumed(options);
  options.max_steps = 300;
  Train(files, options);
  const int64_t before = PeakResidentBytes();
  options.max_steps = 1500;
  Train(files, options);
  std::cout << "grown by " << PeakResidentBytes() - before << " bytes" << std::endl;
  EXPECT_LT(PeakResidentBytes() - before, 4 << 20) << "bytes more for 1,200 steps, 60 validations and 120 saves";
}

// All of the loop: reading ahead, log, update. SteadyStepTest counts what a step alone asks for.
TEST_F(TrainerTest, StepsAskTheSystemForNothing) {
  const auto faults_of = [&](const std::string& run, int64_t steps) {
    TrainOptions options = Plain(run, steps);
    options.model.d_model = 64;
    options.model.d_ff = 128;
    options.log_every = 10;
    const int64_t before = PageFaults();
    Train(RealFileSystem(), options);
    return PageFaults() - before;
  };
  faults_of("warm-up", 200);
  const int64_t fewer = faults_of("fewer", 200), more = faults_of("more", 1200);
  std::cout << fewer << " page faults in 200 steps, " << more << " in 1,200" << std::endl;
  EXPECT_LT(more - fewer, 100) << "page faults more for 1,000 steps";
}

}  // namespace
}  // namespace dragoman
