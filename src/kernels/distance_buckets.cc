// SPDX-License-Identifier: Apache-2.0
#include "kernels/distance_buckets.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "tensor/cache_line.h"

namespace dragoman::kernels {
namespace {

int64_t LongestOf(int64_t columns) { return (columns - kLineFloats + 1) / 2; }

}  // namespace

int BucketOf(const DistanceBuckets& options, int64_t buckets, int64_t distance) {
  int64_t first = 0;
  if (options.bidirectional) {
    buckets /= 2;
    if (distance < 0) first = buckets;
    distance = std::abs(distance);
  } else {
    distance = std::max<int64_t>(distance, 0);
  }
  const int64_t exact = buckets / 2;
  if (distance < exact) return static_cast<int>(first + distance);
  // In f32, as those who trained such models computed it: a distance on the edge of two buckets falls alike.
  const auto near = static_cast<float>(exact);
  const float part = std::log(static_cast<float>(distance) / near) /
                     static_cast<float>(std::log(double{static_cast<float>(options.max_distance)} / double{near}));
  const auto far = static_cast<int64_t>(part * static_cast<float>(buckets - exact));
  return static_cast<int>(first + std::min(exact + far, buckets - 1));
}

// Attention reads whole vectors, so beyond the last distance.
int64_t DistanceColumns(int64_t longest) { return 2 * longest - 1 + kLineFloats; }

void FillByDistance(const DistanceBuckets& options, const ConstMatrix& table, int64_t longest,
                    const Matrix& by_distance) {
  const int64_t distances = 2 * longest - 1;
  for (int64_t h = 0; h < by_distance.rows; ++h) std::fill_n(by_distance.Row(h) + distances, kLineFloats, 0.0f);
  for (int64_t d = 0; d < distances; ++d) {
    const int bucket = BucketOf(options, table.rows, d - (longest - 1));
    for (int64_t h = 0; h < by_distance.rows; ++h) by_distance.At(h, d) = table.At(bucket, h);
  }
}

ByDistance<const float> AsByDistance(const ConstMatrix& by_distance) {
  return {by_distance.data + LongestOf(by_distance.cols) - 1, by_distance.stride};
}

}  // namespace dragoman::kernels
