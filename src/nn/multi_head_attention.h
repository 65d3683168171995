// SPDX-License-Identifier: Apache-2.0
// Multi-head attention. Source: Vaswani 2017, §3.2.2:
//   MultiHead(Q, K, V) = Concat(head_1, ..., head_h) W^O,   head_i = Attention(Q W_i^Q, K W_i^K, V W_i^V)
// All heads' projections lie side by side in one matrix each: head h is columns [h * d_head, (h + 1) * d_head).
#ifndef DRAGOMAN_NN_MULTI_HEAD_ATTENTION_H_
#define DRAGOMAN_NN_MULTI_HEAD_ATTENTION_H_

#include <string>

#include "kernels/attention.h"
#include "nn/attention_trace.h"
#include "nn/layers.h"

namespace dragoman {

class MultiHeadAttention {
 public:
  struct Options {
    int64_t d_model = 0;
    int heads = 1;
    int d_head = 0;
    bool bias = true;
    float scale = 0;  // of q k^T; 0: 1 / sqrt(d_head), Eq. 1
    float attention_dropout = 0;
    // Above 0, of self-attention only: a table of its own for what distances add to the scores.
    int relative_buckets = 0;
    int relative_max_distance = 128;
  };

  MultiHeadAttention(ParameterPlan& plan, const std::string& path, const Options& options);

  // Queries from x [q_tokens, d_model], keys and values from memory [k_tokens, d_model] (x itself for
  // self-attention) -> [q_tokens, d_model], before the output bias: AddResidual adds output_bias().
  // shared_distance_bias: of autograd/ops.h, added to the scores, or empty: also where this has a table of its own.
  // Where a trace
  // is given, the attention weights are noted in it under this layer's path.
  Variable Forward(Workspace& workspace, const Variable& x, const Variable& memory, const Packing& x_packing,
                   const Packing& memory_packing, bool causal, AttentionTrace* trace = nullptr,
                   const Variable& shared_distance_bias = {}) const;

  const Parameter* output_bias() const { return out_proj_.bias; }
  void Initialize(ParameterStore& store, Rng& rng) const;

 private:
  kernels::AttentionShape shape(bool causal) const;  // without dropout
  // By this layer's own table, if it has one.
  Variable OwnDistanceBias(Workspace& workspace, bool causal, const Packing& packing) const;

  Options options_;
  std::string path_;
  LinearLayer q_proj_, k_proj_, v_proj_;  // [d_model, heads * d_head]
  LinearLayer out_proj_;                  // [heads * d_head, d_model]
  const Parameter* relative_bias_;        // [relative_buckets, heads], or null
};

}  // namespace dragoman

#endif  // DRAGOMAN_NN_MULTI_HEAD_ATTENTION_H_
