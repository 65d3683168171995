// SPDX-License-Identifier: Apache-2.0
// Commands that work on several machines.
#ifndef DRAGOMAN_CLI_RANKS_H_
#define DRAGOMAN_CLI_RANKS_H_

#include <functional>

#include "comm/communicator.h"

namespace dragoman {

// Joins the processes that mpirun started together, if any, and calls fn. An error that fn throws on all of them is
// said once.
void RunAsRank(const std::function<void(Communicator&)>& fn);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_RANKS_H_
