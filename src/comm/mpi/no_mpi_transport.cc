// SPDX-License-Identifier: Apache-2.0
// Stands in for mpi_transport.cc where there is no MPI to build with.
#include "base/error.h"
#include "comm/launch.h"
#include "comm/transport.h"

namespace dragoman {

std::unique_ptr<Transport> JoinMpi() {
  if (!LaunchedAsRank()) return nullptr;
  throw CommError(
      "started as one of several processes (by mpirun or srun), but this program was built without MPI; expected one "
      "process, or a build with it: apt-get install libopenmpi-dev, then build again");
}

}  // namespace dragoman
