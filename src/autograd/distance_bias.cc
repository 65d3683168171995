// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "autograd/ops.h"
#include "autograd/tape.h"
#include "tensor/cache_line.h"

namespace dragoman {
namespace {

// The kernels read whole vectors, so beyond the last distance.
int64_t ColumnsFor(int64_t longest) { return 2 * longest - 1 + kLineFloats; }
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

Variable DistanceBias(Workspace& workspace, const Parameter& table, const DistanceBuckets& options, int64_t longest) {
  const int64_t buckets = table.rows(), heads = table.cols(), distances = 2 * longest - 1;
  Variable bias = workspace.New(heads, ColumnsFor(longest));  // [heads, distances + some]
  for (int64_t h = 0; h < heads; ++h) {
    std::fill_n(bias.writable().Row(h) + distances, kLineFloats, 0.0f);
  }
  for (int64_t d = 0; d < distances; ++d) {
    const int bucket = BucketOf(options, buckets, d - (longest - 1));
    for (int64_t h = 0; h < heads; ++h) bias.writable().At(h, d) = table.value().At(bucket, h);
  }
  Record(workspace, bias, [&table, options, bias, buckets, distances, longest](Tape& tape) {
    const ConstMatrix dbias = tape.Gradient(bias);
    const Matrix dtable = tape.GradientMatrixOf(table);
    for (int64_t d = 0; d < distances; ++d) {
      const int bucket = BucketOf(options, buckets, d - (longest - 1));
      for (int64_t h = 0; h < dbias.rows; ++h) dtable.At(bucket, h) += dbias.At(h, d);
    }
  });
  return bias;
}

kernels::ByDistance<const float> ByDistanceOf(const Variable& distance_bias) {
  if (!distance_bias) return {};
  return {distance_bias.value().data + LongestOf(distance_bias.cols()) - 1, distance_bias.cols()};
}

}  // namespace dragoman
