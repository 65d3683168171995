// SPDX-License-Identifier: Apache-2.0
// Some columns of a projection: what is left of the output's where only some tokens may come next.
#ifndef DRAGOMAN_INFER_PROJECTION_SUBSET_H_
#define DRAGOMAN_INFER_PROJECTION_SUBSET_H_

#include <cstdint>
#include <span>

#include "infer/projection.h"
#include "kernels/packed_weight.h"
#include "tensor/pooled_matrix.h"

namespace dragoman {

// Gathered when it is made, in the projection's format, so that an element is the whole projection's, bit for bit. Must
// not outlive the pool.
class ProjectionSubset {
 public:
  ProjectionSubset() = default;
  ProjectionSubset(const Projection& whole, std::span<const int32_t> columns, BufferPool& pool);

  int64_t columns() const { return columns_; }

  // y = x W + b.   x [rows, in] -> y [rows, columns]
  void Apply(const ConstMatrix& x, const Matrix& y) const;

 private:
  int64_t columns_ = 0;
  PooledMatrix weight_;  // f32 [in, columns]; else panels
  PooledMatrix scales_;  // [1, columns], int8 only
  PooledMatrix bias_;    // [1, columns], where there is one
  kernels::PackedWeight packed_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_INFER_PROJECTION_SUBSET_H_
