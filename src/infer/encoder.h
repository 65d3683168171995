// SPDX-License-Identifier: Apache-2.0
// The encoder. Source: Vaswani 2017, §3.1, left half of figure 1.
#ifndef DRAGOMAN_INFER_ENCODER_H_
#define DRAGOMAN_INFER_ENCODER_H_

#include <memory>

#include "infer/inference_model.h"
#include "model/source_segments.h"
#include "tensor/packed.h"
#include "tensor/pooled_matrix.h"

namespace dragoman {

// Sources as the decoder sees them. Their offsets must outlive it.
struct EncodedRows {
  PooledMatrix states;                             // [rows, d_model]: a row for each token, or each segment
  std::unique_ptr<const SourceSegments> segments;  // of a model that has such
  Packing packing;                                 // of the rows
};

// A sentence's rows depend on the sentence alone, whatever stands beside it.
EncodedRows EncodeSources(const InferenceModel& model, BufferPool& pool, const PackedTokens& sources);

}  // namespace dragoman

#endif  // DRAGOMAN_INFER_ENCODER_H_
