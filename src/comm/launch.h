// SPDX-License-Identifier: Apache-2.0
// Whether this process was started as one of several, and as which, told from what launchers put into the environment.
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

// This process's number among them, or 0 where the launcher does not say.
inline int LaunchedRank() {
  if (!LaunchedAsRank()) return 0;
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
    if (const char* rank = std::getenv(name)) return std::atoi(rank);
  }
  return 0;
}

// Such processes need not start at the same time.
inline bool LaunchedOnSeveralMachines() {
  const char* all = std::getenv("OMPI_COMM_WORLD_SIZE");
  const char* here = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  if (all != nullptr && here != nullptr) return std::string_view(all) != here;
  const char* nodes = std::getenv("SLURM_STEP_NUM_NODES");
  return nodes != nullptr && std::string_view(nodes) != "1";
}

}  // namespace dragoman

#endif  // DRAGOMAN_COMM_LAUNCH_H_
