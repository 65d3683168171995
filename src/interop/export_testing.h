// SPDX-License-Identifier: Apache-2.0
// What models compute, for tests of exports.
#ifndef DRAGOMAN_INTEROP_EXPORT_TESTING_H_
#define DRAGOMAN_INTEROP_EXPORT_TESTING_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "autograd/workspace.h"
#include "model/model_testing.h"

namespace dragoman {

// Of some sentences of ids that a model of configuration `of` knows, the logits of the ids that it has.
inline std::vector<float> LogitsOf(const Transformer& model, const TransformerConfig& of) {
  const std::vector<int> src_lengths = {5, 1, 9}, tgt_lengths = {4, 7, 2};
  const Sentences src(src_lengths, of.src_vocab, 2), tgt(tgt_lengths, of.tgt_vocab, 3);
  const Sentences tgt_in = tgt.ShiftedRight(model.config().decoder_start);
  Workspace workspace;
  const EncodedSource encoded = model.Encode(workspace, src.view());
  const Variable hidden = model.Decode(workspace, tgt_in.view(), encoded);
  const Variable logits = model.Logits(workspace, hidden.value(), tgt_in.packing(), encoded);
  std::vector<float> found;
  for (int64_t row = 0; row < logits.value().rows; ++row) {
    const float* const begin = logits.value().data + row * logits.value().cols;
    found.insert(found.end(), begin, begin + of.tgt_vocab);
  }
  return found;
}

inline float Largest(const std::vector<float>& values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

inline float LargestDifference(std::vector<float> first, const std::vector<float>& second) {
  EXPECT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) first[i] -= second[i];
  return Largest(first);
}

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_EXPORT_TESTING_H_
