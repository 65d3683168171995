// SPDX-License-Identifier: Apache-2.0
// What this process has of the machine's memory, and may yet have.
#ifndef DRAGOMAN_BASE_PROCESS_MEMORY_H_
#define DRAGOMAN_BASE_PROCESS_MEMORY_H_

#include <cstdint>

namespace dragoman {

// Bytes that this process can still take: what the machine, its control group and `ulimit -v` leave, the least of them.
// 0 where none of them can be told.
int64_t AvailableMemory();

// Bytes of memory that this process has in use; 0 where that cannot be told.
int64_t ResidentMemory();

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_PROCESS_MEMORY_H_
