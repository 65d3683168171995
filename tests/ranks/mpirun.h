// SPDX-License-Identifier: Apache-2.0
// `mpirun -n N dragoman ...` as a user runs it, and its ranks one by one. For tests.
#ifndef DRAGOMAN_RANKS_MPIRUN_H_
#define DRAGOMAN_RANKS_MPIRUN_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "train/program.h"

namespace dragoman {

class MpiTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::string(DRAGOMAN_MPIRUN).empty()) GTEST_SKIP() << "built without MPI";
    for (const char* name : {"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"}) setenv(name, "1", 1);
  }
};

// More ranks than cores take turns.
class MpiProgram : public Program {
 public:
  MpiProgram(int ranks, const std::vector<std::string>& arguments, const std::string& log,
             const std::string& input = "/dev/null")
      : Program(Arguments(ranks, arguments), log, input, DRAGOMAN_MPIRUN), ranks_(ranks) {}

  // The process of a rank; waits for it to start.
  pid_t RankPid(int rank) const {
    const std::string wanted = "OMPI_COMM_WORLD_RANK=" + std::to_string(rank);
    for (int tries = 0; tries < 1000; ++tries) {
      std::ifstream children("/proc/" + std::to_string(pid()) + "/task/" + std::to_string(pid()) + "/children");
      for (pid_t child = 0; children >> child;) {
        std::ifstream file("/proc/" + std::to_string(child) + "/environ");
        for (std::string variable; std::getline(file, variable, '\0');) {
          if (variable == wanted) return child;
        }
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "rank " << rank << " of " << ranks_ << " did not start";
    return -1;
  }

 private:
  static std::vector<std::string> Arguments(int ranks, const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {"--oversubscribe",     "--bind-to",     "none", "-n",
                                    std::to_string(ranks), DRAGOMAN_PROGRAM};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }

  int ranks_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_RANKS_MPIRUN_H_
