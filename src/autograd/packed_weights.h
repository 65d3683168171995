// SPDX-License-Identifier: Apache-2.0
// Weights laid out for products once a batch, instead of once a product.
#ifndef DRAGOMAN_AUTOGRAD_PACKED_WEIGHTS_H_
#define DRAGOMAN_AUTOGRAD_PACKED_WEIGHTS_H_

#include <vector>

#include "autograd/parameter.h"
#include "base/thread_pool.h"
#include "kernels/gemm.h"

namespace dragoman {

// Packed by all workers together, then read by each. bf16: every weight of products, as it is and transposed. f32: the
// transposed output weight alone, which a slice of the output loss has few rows to multiply by; packing the others
// would save little, and take as much memory again as they do.
class PackedWeights {
 public:
  // To be called whenever the values changed. Of one store and in one precision from first to last, else InternalError:
  // what was packed for another could not be told from its own.
  void Pack(const ParameterStore& parameters, Precision precision, WorkerPool& pool);

  // op(weight), or null where it is not packed.
  const kernels::PackedFactor* Find(const Parameter& weight, kernels::Transpose transpose) const;

 private:
  struct Entry {
    const Parameter* weight;
    kernels::Transpose transpose;
    kernels::PackedFactor factor;
  };
  void Choose(const ParameterStore& parameters, Precision precision);

  const ParameterStore* parameters_ = nullptr;  // that they are of
  Precision precision_ = Precision::kF32;
  std::vector<Entry> entries_;  // the largest first
  std::vector<int> entry_of_;   // [index of the parameter][transpose]; -1: none
};

}  // namespace dragoman

#endif  // DRAGOMAN_AUTOGRAD_PACKED_WEIGHTS_H_
