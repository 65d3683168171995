// SPDX-License-Identifier: Apache-2.0
// Commands that work on several machines.
#ifndef DRAGOMAN_CLI_RANKS_H_
#define DRAGOMAN_CLI_RANKS_H_

#include <functional>
#include <string>

#include "comm/communicator.h"

namespace dragoman {

// Before an error is said: on other ranks than 0 waits for rank 0 to say it, as most errors are the same everywhere and
// its launcher ends this process then; and if that does not happen, begins the line with the rank's name. Once.
void LetRankZeroSpeak(const std::string& name);

// Joins the processes that mpirun started together, if any, and calls fn. An error that fn throws on all of them is
// said once.
void RunAsRank(const std::function<void(Communicator&)>& fn);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_RANKS_H_
