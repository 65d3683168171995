// SPDX-License-Identifier: Apache-2.0
// How many cores there are to compute on.
#ifndef DRAGOMAN_BASE_CORES_H_
#define DRAGOMAN_BASE_CORES_H_

#include <optional>
#include <string>

namespace dragoman {

// Cores that this process may use: those it is bound to (taskset, mpirun), as far as its control group (containers,
// systemd) grants time on them. At least 1.
int UsableCores();

// Cores' worth of time that control groups grant, rounded up; none: all there is. `membership` is the path of
// /proc/self/cgroup, `root` where groups are mounted. Version 2 (cpu.max), and version 1 (cpu.cfs_quota_us); of nested
// groups the least counts. What cannot be read grants all.
std::optional<int> CoresGranted(const std::string& membership, const std::string& root);

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_CORES_H_
