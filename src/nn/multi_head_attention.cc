// SPDX-License-Identifier: Apache-2.0
#include "nn/multi_head_attention.h"

#include <utility>

#include "base/check.h"

namespace dragoman {
namespace {

// Notes each head's weights of sentence 0.
void Trace(const std::string& path, const kernels::AttentionShape& shape, const Packing& q_packing,
           const Packing& k_packing, const ConstMatrix& q, const ConstMatrix& k, AttentionTrace& trace) {
  for (int head = 0; head < shape.heads; ++head) {
    AttentionTrace::Entry entry{path, head, q_packing.Length(0), k_packing.Length(0), {}};
    entry.weights.resize(static_cast<size_t>(entry.q_len * entry.k_len));
    kernels::AttentionWeights(shape, q_packing, k_packing, q, k, /*sentence=*/0, head,
                              Matrix(entry.weights.data(), entry.q_len, entry.k_len));
    trace.entries.push_back(std::move(entry));
  }
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(ParameterPlan& plan, const std::string& path, const Options& options)
    : options_(options),
      path_(path),
      q_proj_(plan, path + ".q_proj", options.d_model, int64_t{options.heads} * options.d_head, options.bias),
      k_proj_(plan, path + ".k_proj", options.d_model, int64_t{options.heads} * options.d_head, options.bias),
      v_proj_(plan, path + ".v_proj", options.d_model, int64_t{options.heads} * options.d_head, options.bias),
      out_proj_(plan, path + ".out_proj", int64_t{options.heads} * options.d_head, options.d_model, options.bias),
      relative_bias_(options.relative_buckets > 0
                         ? plan.Declare(path + ".relative_bias.weight", {options.relative_buckets, options.heads})
                         : nullptr) {}

Variable MultiHeadAttention::OwnDistanceBias(Workspace& workspace, bool causal, const Packing& packing) const {
  const kernels::DistanceBuckets buckets{options_.relative_max_distance, /*bidirectional=*/!causal};
  return DistanceBias(workspace, *relative_bias_, buckets, packing.Longest());  // [heads, distances]
}

Variable MultiHeadAttention::Forward(Workspace& workspace, const Variable& x, const Variable& memory,
                                     const Packing& x_packing, const Packing& memory_packing, bool causal,
                                     AttentionTrace* trace, const Variable& shared_distance_bias) const {
  DRAGOMAN_CHECK(relative_bias_ == nullptr || !shared_distance_bias);
  const Variable distance_bias =
      relative_bias_ != nullptr ? OwnDistanceBias(workspace, causal, x_packing) : shared_distance_bias;
  const Variable q = q_proj_(workspace, x);       // [q_tokens, heads * d_head]
  const Variable k = k_proj_(workspace, memory);  // [k_tokens, heads * d_head]
  const Variable v = v_proj_(workspace, memory);  // [k_tokens, heads * d_head]
  if (trace != nullptr) {
    kernels::AttentionShape traced = shape(causal);
    traced.bias = ByDistanceOf(distance_bias);
    Trace(path_, traced, x_packing, memory_packing, q.value(), k.value(), *trace);
  }
  const Variable heads = Attention(workspace, q, k, v, x_packing, memory_packing, shape(causal),
                                   options_.attention_dropout, distance_bias);  // [q_tokens, heads * d_head]
  return out_proj_.WithoutBias(workspace, heads);                               // [q_tokens, d_model]
}

kernels::AttentionShape MultiHeadAttention::shape(bool causal) const {
  return {.heads = options_.heads, .d_head = options_.d_head, .causal = causal, .scale = options_.scale};
}

void MultiHeadAttention::Initialize(ParameterStore& store, Rng& rng) const {
  for (const LinearLayer* layer : {&q_proj_, &k_proj_, &v_proj_, &out_proj_}) layer->Initialize(store, rng);
}

}  // namespace dragoman
