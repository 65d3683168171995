// SPDX-License-Identifier: Apache-2.0
// What this process has taken from the system, for tests.
#ifndef DRAGOMAN_TRAIN_RESOURCES_TESTING_H_
#define DRAGOMAN_TRAIN_RESOURCES_TESTING_H_

#include <sys/resource.h>

#include <cstdint>

namespace dragoman {

inline struct rusage ResourceUsage() {
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

// Pages that were touched for the first time, so far.
inline int64_t PageFaults() { return ResourceUsage().ru_minflt; }

// The most this process ever had: a run that gives back at its end what it piled up is seen, too.
inline int64_t PeakResidentBytes() { return int64_t{ResourceUsage().ru_maxrss} * 1024; }

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_RESOURCES_TESTING_H_
