// SPDX-License-Identifier: Apache-2.0
#include "infer/encoder.h"

#include <utility>
#include <vector>

#include "infer/layer_math.h"
#include "kernels/elementwise.h"
#include "kernels/segment_sum.h"

namespace dragoman {
namespace {

// Each row's place in its sentence.
std::vector<int32_t> PlacesOf(const Packing& packing) {
  std::vector<int32_t> places;
  places.reserve(static_cast<size_t>(packing.tokens()));
  for (int64_t s = 0; s < packing.sentences(); ++s) {
    for (int32_t place = 0; place < packing.Length(s); ++place) places.push_back(place);
  }
  return places;
}

// The sum of a segment's tokens, each times the vector of its place in it, then as a token: position and norm.
PooledMatrix EmbedSegments(const InferenceModel& model, BufferPool& pool, const PackedTokens& sources,
                           const SourceSegments& segments) {
  StackInput tokens_alone;
  tokens_alone.embedding = model.source().embedding;
  const PooledMatrix tokens =
      EmbedTokens(model, tokens_alone, pool, sources.ids, std::vector<int32_t>(sources.ids.size()));
  PooledMatrix x(pool, segments.of_tokens().sentences(), model.config().d_model);
  kernels::SegmentSumForward(tokens.view(), model.segment_places(), segments.of_tokens(), x.view());
  if (model.source().positions.data != nullptr) {
    // Zero vectors with positions, to be added.
    const std::vector<int32_t> places = PlacesOf(segments.of_segments());
    StackInput positions_alone;
    positions_alone.embedding = model.source().embedding;
    positions_alone.positions = model.source().positions;
    const PooledMatrix positions =
        EmbedTokens(model, positions_alone, pool, std::vector<int32_t>(places.size(), -1), places);
    kernels::AddTo({positions.view().data, static_cast<size_t>(positions.view().size())},
                   {x.view().data, static_cast<size_t>(x.view().size())});
  }
  const NormWeights& norm = model.source().embedding_norm;
  if (norm.gain != nullptr) Normalize(model.config(), norm, x.view(), x.view());
  return x;
}

void ApplySelfAttention(const InferenceModel& model, const SelfAttentionWeights& weights, BufferPool& pool,
                        const Packing& packing, const Matrix& x) {
  const kernels::AttentionShape& shape = weights.shape;
  const int64_t width = model.width();
  ApplySublayer(model.config(), weights.norm, pool, x, [&](const ConstMatrix& input) {
    const PooledMatrix qkv(pool, input.rows, 3 * width);
    weights.qkv.Apply(input, qkv.view());
    const PooledMatrix heads(pool, input.rows, width);
    const int64_t longest = packing.Longest();
    const PooledMatrix scratch(pool, 1, kernels::AttentionScratchFloats(shape, longest, longest));
    kernels::AttentionForward(
        shape, packing, packing,
        {qkv.view().Cols(0, width), qkv.view().Cols(width, width), qkv.view().Cols(2 * width, width)}, heads.view(),
        /*log_sum_exp=*/nullptr, scratch.view().data);
    weights.out.Add(heads.view(), x);
  });
}

}  // namespace

EncodedRows EncodeSources(const InferenceModel& model, BufferPool& pool, const PackedTokens& sources) {
  const TransformerConfig& config = model.config();
  EncodedRows encoded;
  if (config.has_segments()) {
    encoded.segments = std::make_unique<SourceSegments>(sources, config.segment_end);
    encoded.packing = encoded.segments->of_segments();
    encoded.states = EmbedSegments(model, pool, sources, *encoded.segments);
  } else {
    encoded.packing = sources.packing;
    encoded.states = EmbedTokens(model, model.source(), pool, sources.ids, PlacesOf(sources.packing));
  }
  const Matrix& x = encoded.states.view();  // [rows, d_model]
  for (int pass = 0; pass < config.encoder_repeats; ++pass) {
    BeginPass(model.source(), pass, x);
    for (const EncoderLayerWeights& layer : model.encoder()) {
      ApplySelfAttention(model, layer.self_attention, pool, encoded.packing, x);
      ApplyFeedForward(model, layer.feed_forward, pool, x);
    }
  }
  const NormWeights& norm = model.source().final_norm;
  if (norm.gain != nullptr) Normalize(config, norm, x, x);
  return encoded;
}

}  // namespace dragoman
