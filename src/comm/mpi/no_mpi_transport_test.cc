// SPDX-License-Identifier: Apache-2.0
// A build without MPI: linked with no_mpi_transport.cc, whatever this machine has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/error.h"
#include "comm/transport.h"

namespace dragoman {
namespace {

class NoMpiTest : public testing::Test {
 protected:
  NoMpiTest() {
    for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "SLURM_STEP_NUM_TASKS"}) unsetenv(name);
  }
};

TEST_F(NoMpiTest, AProcessThatWasStartedAloneNeedsNone) {
  EXPECT_EQ(JoinMpi(), nullptr);
  setenv("OMPI_COMM_WORLD_SIZE", "1", 1);
  EXPECT_EQ(JoinMpi(), nullptr);
}

TEST_F(NoMpiTest, OneOfSeveralIsToldWhatToInstall) {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"}) {
    setenv(name, "2", 1);
    try {
      JoinMpi();
      ADD_FAILURE() << name << ": each process would have trained alone, over the others' files";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("apt-get install libopenmpi-dev"));
    }
    unsetenv(name);
  }
}

TEST_F(NoMpiTest, ASingleTaskOfSlurmIsAlone) {
  setenv("PMIX_RANK", "0", 1);
  setenv("SLURM_STEP_NUM_TASKS", "1", 1);
  EXPECT_EQ(JoinMpi(), nullptr);
}

}  // namespace
}  // namespace dragoman
