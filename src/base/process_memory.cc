// SPDX-License-Identifier: Apache-2.0
#include "base/process_memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace dragoman {
namespace {

// The number after `key` in a file of "key number" lines; the first number of the file for an empty key.
std::optional<int64_t> NumberIn(const char* path, const std::string& key) {
  std::ifstream file(path);
  int64_t number = 0;
  if (key.empty()) return file >> number ? std::optional(number) : std::nullopt;  // "max" is none
  for (std::string word; file >> word;) {
    if (word == key) return file >> number ? std::optional(number) : std::nullopt;
  }
  return std::nullopt;
}

// What the cache holds of files that were read goes when memory is asked for.
std::optional<int64_t> LeftInControlGroup() {
  const auto most = NumberIn("/sys/fs/cgroup/memory.max", ""), used = NumberIn("/sys/fs/cgroup/memory.current", "");
  if (!most || !used) return std::nullopt;
  return *most - *used + NumberIn("/sys/fs/cgroup/memory.stat", "inactive_file").value_or(0);
}

std::optional<int64_t> LeftOfAddressSpace() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  const auto pages = NumberIn("/proc/self/statm", "");
  if (!pages) return std::nullopt;
  return static_cast<int64_t>(limit.rlim_cur) - *pages * sysconf(_SC_PAGESIZE);
}

}  // namespace

int64_t AvailableMemory() {
  constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  int64_t least = kNone;
  if (const auto kilobytes = NumberIn("/proc/meminfo", "MemAvailable:")) least = *kilobytes * 1024;
  least = std::min({least, LeftInControlGroup().value_or(kNone), LeftOfAddressSpace().value_or(kNone)});
  return least == kNone ? 0 : std::max<int64_t>(1, least);
}

int64_t ResidentMemory() {
  std::ifstream file("/proc/self/statm");
  int64_t size = 0, resident = 0;
  return file >> size >> resident ? resident * sysconf(_SC_PAGESIZE) : 0;
}

}  // namespace dragoman
