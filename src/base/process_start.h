// SPDX-License-Identifier: Apache-2.0
// What a process makes sure of before anything else.
#ifndef DRAGOMAN_BASE_PROCESS_START_H_
#define DRAGOMAN_BASE_PROCESS_START_H_

namespace dragoman {

// Descriptors 0 to 2 are open, so that no file of ours gets such a number and with it what is meant for a terminal: one
// that was closed is /dev/null, which refuses to be read (0) or written (1, 2), as the closed one would. A write beyond
// a limit on file sizes (ulimit -f) is an error like a full disk, not the end by SIGXFSZ.
void PrepareProcess();

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_PROCESS_START_H_
