// SPDX-License-Identifier: Apache-2.0
// Whether this process was started as one of several, told from what launchers put into the environment.
#ifndef DRAGOMAN_COMM_LAUNCH_H_
#define DRAGOMAN_COMM_LAUNCH_H_

#include <cstdlib>
#include <string_view>

namespace dragoman {

// True under mpirun, or srun with PMI or PMIx; false for a run of one process, which needs no MPI.
inline bool LaunchedAsRank() {
  if (const char* size = std::getenv("OMPI_COMM_WORLD_SIZE")) return std::string_view(size) != "1";
  if (const char* size = std::getenv("PMI_SIZE")) return std::string_view(size) != "1";
  const char* tasks = std::getenv("SLURM_STEP_NUM_TASKS");
  return std::getenv("PMIX_RANK") != nullptr && (tasks == nullptr || std::string_view(tasks) != "1");
}

}  // namespace dragoman

#endif  // DRAGOMAN_COMM_LAUNCH_H_
