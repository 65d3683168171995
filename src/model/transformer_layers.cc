// SPDX-License-Identifier: Apache-2.0
#include "model/transformer_layers.h"

#include <cmath>
#include <span>
#include <string>

#include "base/rng.h"

namespace dragoman {
namespace {

void FillNormal(Rng& rng, double deviation, std::span<float> values) {
  for (float& w : values) w = static_cast<float>(rng.Normal() * deviation);
}

}  // namespace

TransformerLayers::TransformerLayers(ParameterPlan& plan, const TransformerConfig& c) {
  const int64_t d_model = c.d_model;
  const auto table_use = [&](Tying tying) { return c.tying == tying ? WeightUse::kOutput : WeightUse::kOther; };
  const auto norm = [&](const char* path) { return NormLayer(plan, path, d_model, NormOptionsOf(c)); };
  src_embed = plan.Declare("src_embed.weight", {c.src_vocab, d_model}, table_use(Tying::kAll));
  tgt_embed = c.has_joint_embedding()
                  ? src_embed
                  : plan.Declare("tgt_embed.weight", {c.tgt_vocab, d_model}, table_use(Tying::kDecoder));
  if (c.positions == Positions::kLearned) {
    src_positions = plan.Declare("src_positions.weight", {c.max_src_len, d_model});
    tgt_positions = plan.Declare("tgt_positions.weight", {c.max_tgt_len, d_model});
  }
  if (c.embedding_norm) {
    src_embed_norm = norm("src_embed_norm");
    tgt_embed_norm = norm("tgt_embed_norm");
  }
  const auto relative = [&](const char* path) {
    return c.relative_buckets > 0 && !c.relative_per_layer ? plan.Declare(path, {c.relative_buckets, c.heads})
                                                           : nullptr;
  };
  if (c.has_segments()) segment_places = plan.Declare("segment_places.weight", {c.max_segment_len, d_model});
  const auto passes = [&](const char* path, int64_t repeats) {
    return repeats > 1 ? plan.Declare(path, {repeats, d_model}) : nullptr;
  };
  encoder_relative = relative("encoder.relative_bias.weight");
  encoder_passes = passes("encoder.passes.weight", c.encoder_repeats);
  for (int l = 0; l < c.encoder_layers; ++l) {
    encoder_begins.push_back(plan.flat_size());
    encoder.emplace_back(plan, "encoder.layers." + std::to_string(l), c);
  }
  if (c.final_norm) encoder_final_norm = norm("encoder.final_norm");
  if (c.copy) copy_k_proj = LinearLayer(plan, "copy.k_proj", d_model, d_model, /*with_bias=*/true);
  if (!c.decoder_ssru) decoder_relative = relative("decoder.relative_bias.weight");
  decoder_passes = passes("decoder.passes.weight", c.decoder_repeats);
  for (int l = 0; l < c.decoder_layers; ++l) {
    decoder_begins.push_back(plan.flat_size());
    decoder.emplace_back(plan, "decoder.layers." + std::to_string(l), c);
  }
  if (c.final_norm) decoder_final_norm = norm("decoder.final_norm");
  if (c.copy) copy_q_proj = LinearLayer(plan, "copy.q_proj", d_model, d_model, /*with_bias=*/true);
  output = c.has_own_output() ? plan.Declare("output.weight", {c.tgt_vocab, d_model}, WeightUse::kOutput) : tgt_embed;
  if (c.output_bias) output_bias = plan.Declare("output.bias", {c.tgt_vocab});
}

void TransformerLayers::Initialize(ParameterStore& store, uint64_t seed) const {
  Rng rng(seed);
  const double deviation = 1.0 / std::sqrt(static_cast<double>(src_embed->cols()));
  FillNormal(rng, deviation, store.Writable(*src_embed));
  if (tgt_embed != src_embed) FillNormal(rng, deviation, store.Writable(*tgt_embed));
  if (output != tgt_embed) FillNormal(rng, deviation, store.Writable(*output));
  for (const Parameter* const learned : {src_positions, tgt_positions, encoder_passes, decoder_passes}) {
    if (learned != nullptr) FillNormal(rng, deviation, store.Writable(*learned));
  }
  // Places are near 1, so that a segment begins as the sum of its words, but differ, so that it knows their order.
  if (segment_places != nullptr) {
    for (float& w : store.Writable(*segment_places)) w = static_cast<float>(1.0 + rng.Normal() * 0.1);
  }
  for (const EncoderLayer& layer : encoder) layer.Initialize(store, rng);
  for (const DecoderLayer& layer : decoder) layer.Initialize(store, rng);
  for (const LinearLayer* layer : {&copy_k_proj, &copy_q_proj}) {
    if (layer->weight != nullptr) layer->Initialize(store, rng);
  }
  for (const NormLayer* norm : {&src_embed_norm, &tgt_embed_norm, &encoder_final_norm, &decoder_final_norm}) {
    if (norm->gain != nullptr) norm->Initialize(store);
  }
}

ParameterPlan PlanOf(const TransformerConfig& config) {
  config.Validate();
  ParameterPlan plan;
  const TransformerLayers layers(plan, config);  // what is wanted are their declarations
  return plan;
}

}  // namespace dragoman
