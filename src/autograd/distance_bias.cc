// SPDX-License-Identifier: Apache-2.0
#include "autograd/ops.h"
#include "autograd/tape.h"
#include "kernels/distance_buckets.h"

namespace dragoman {

Variable DistanceBias(Workspace& workspace, const Parameter& table, const kernels::DistanceBuckets& options,
                      int64_t longest) {
  const int64_t buckets = table.rows(), heads = table.cols();
  Variable bias = workspace.New(heads, kernels::DistanceColumns(longest));
  kernels::FillByDistance(options, table.value(), longest, bias.writable());
  Record(workspace, bias, [&table, options, bias, buckets, longest](Tape& tape) {
    const ConstMatrix dbias = tape.Gradient(bias);
    const Matrix dtable = tape.GradientMatrixOf(table);
    for (int64_t d = 0; d < 2 * longest - 1; ++d) {
      const int bucket = kernels::BucketOf(options, buckets, d - (longest - 1));
      for (int64_t h = 0; h < dbias.rows; ++h) dtable.At(bucket, h) += dbias.At(h, d);
    }
  });
  return bias;
}

kernels::ByDistance<const float> ByDistanceOf(const Variable& distance_bias) {
  return distance_bias ? kernels::AsByDistance(distance_bias.value()) : kernels::ByDistance<const float>();
}

}  // namespace dragoman
