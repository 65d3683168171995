// SPDX-License-Identifier: Apache-2.0
// The look inside: attention weights of a forward pass, kept for a person to see.
#ifndef DRAGOMAN_NN_ATTENTION_TRACE_H_
#define DRAGOMAN_NN_ATTENTION_TRACE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace dragoman {

// Weights of every attention layer and head for the first sentence of the batch.
struct AttentionTrace {
  struct Entry {
    std::string path;  // the layer: "decoder.layers.1.cross_attn"
    int head = 0;
    int64_t q_len = 0;
    int64_t k_len = 0;
    std::vector<float> weights;  // [q_len, k_len], rows sum to 1
  };
  std::vector<Entry> entries;
};

}  // namespace dragoman

#endif  // DRAGOMAN_NN_ATTENTION_TRACE_H_
