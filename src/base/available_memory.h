// SPDX-License-Identifier: Apache-2.0
#ifndef DRAGOMAN_BASE_AVAILABLE_MEMORY_H_
#define DRAGOMAN_BASE_AVAILABLE_MEMORY_H_

#include <cstdint>

namespace dragoman {

// Bytes that this process can still take: what the machine, its control group and `ulimit -v` leave, the least of them.
// 0 where none of them can be told.
int64_t AvailableMemory();

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_AVAILABLE_MEMORY_H_
