// SPDX-License-Identifier: Apache-2.0
#include "base/cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace dragoman {
namespace {

// The words of a small file; none where it is not there.
template <class First, class Second>
bool ReadPair(const std::string& path, First* first, Second* second) {
  std::ifstream file(path);
  return static_cast<bool>(file >> *first >> *second);
}

std::optional<double> Share(double quota, double period) {
  if (!(quota > 0) || !(period > 0)) return std::nullopt;
  return quota / period;
}

// What one group grants, by itself.
std::optional<double> GrantedBy(const std::string& group) {
  double period = 0, quota = 0;
  std::string quota_or_max;
  if (ReadPair(group + "/cpu.max", &quota_or_max, &period)) {
    return quota_or_max == "max" ? std::nullopt : Share(std::strtod(quota_or_max.c_str(), nullptr), period);
  }
  std::ifstream quota_file(group + "/cpu.cfs_quota_us"), period_file(group + "/cpu.cfs_period_us");
  if (quota_file >> quota && period_file >> period) return Share(quota, period);  // -1: all
  return std::nullopt;
}

}  // namespace

std::optional<int> CoresGranted(const std::string& membership, const std::string& root) {
  std::optional<double> least;
  std::ifstream groups(membership);
  for (std::string line; std::getline(groups, line);) {  // NUMBER:CONTROLLERS:PATH; without controllers: version 2
    const size_t controllers = line.find(':') + 1, path = line.find(':', controllers) + 1;
    if (controllers == 0 || path == 0) continue;
    const std::string names = "," + line.substr(controllers, path - 1 - controllers) + ",";
    if (names != ",," && names.find(",cpu,") == std::string::npos) continue;
    const std::string mount = root + (names == ",," ? "" : "/" + names.substr(1, names.size() - 2));
    // From the group up to the mount. (In a container the path may be the host's: then only the mount is there.)
    std::string group = line.substr(path);
    while (true) {
      const std::optional<double> granted = GrantedBy(mount + group);
      if (granted) least = std::min(*granted, least.value_or(*granted));
      if (group.empty()) break;
      group.resize(group.find_last_of('/') == std::string::npos ? 0 : group.find_last_of('/'));
    }
  }
  if (!least) return std::nullopt;
  return static_cast<int>(std::ceil(std::min(*least, 1e6)));
}

int UsableCores() {
  cpu_set_t bound;  // std::thread::hardware_concurrency() takes no notice of it
  const int cores = sched_getaffinity(0, sizeof(bound), &bound) == 0
                        ? CPU_COUNT(&bound)
                        : static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, std::min(cores, CoresGranted("/proc/self/cgroup", "/sys/fs/cgroup").value_or(cores)));
}

}  // namespace dragoman
