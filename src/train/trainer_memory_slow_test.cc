// SPDX-License-Identifier: Apache-2.0
// A run of any length takes the memory of a short one.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "train/trainer_test_util.h"

namespace dragoman {
namespace {

// The most this process ever had: a run that gives back at its end what it piled up is seen, too.
int64_t PeakResidentBytes() {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

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

}  // namespace
}  // namespace dragoman
