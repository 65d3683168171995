// SPDX-License-Identifier: Apache-2.0
// Numbers for the scores of attention by distance, learnt in buckets: near distances have one each, farther ones share.
// Source: Raffel 2020, §2.1 ("a scalar that is added to the corresponding logit").
#ifndef DRAGOMAN_KERNELS_DISTANCE_BUCKETS_H_
#define DRAGOMAN_KERNELS_DISTANCE_BUCKETS_H_

#include <cstdint>

#include "kernels/attention.h"
#include "tensor/matrix.h"

namespace dragoman::kernels {

struct DistanceBuckets {
  int max_distance = 128;     // from here on all share the last bucket
  bool bidirectional = true;  // half of the buckets for keys that follow the query; else those share the query's own
};

// Of a query's distance from a key, i - j.
int BucketOf(const DistanceBuckets& options, int64_t buckets, int64_t distance);

// Columns of a table for sentences of up to `longest` tokens: distances from 1 - longest to longest - 1, and some
// behind that are read but mean nothing.
int64_t DistanceColumns(int64_t longest);

// by_distance [heads, DistanceColumns(longest)] from table [buckets, heads].
void FillByDistance(const DistanceBuckets& options, const ConstMatrix& table, int64_t longest,
                    const Matrix& by_distance);

// The same as attention takes it.
ByDistance<const float> AsByDistance(const ConstMatrix& by_distance);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_DISTANCE_BUCKETS_H_
