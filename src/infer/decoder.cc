// SPDX-License-Identifier: Apache-2.0
#include "infer/decoder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "infer/encoder.h"
#include "infer/layer_math.h"
#include "kernels/elementwise.h"
#include "kernels/ssru.h"

namespace dragoman {
namespace {

// What a layer remembers of the past is its own in each pass.
int64_t CachesOf(const TransformerConfig& config) { return int64_t{config.decoder_layers} * config.decoder_repeats; }

}  // namespace

Decoder::Decoder(const InferenceModel& model, BufferPool& pool)
    : model_(model),
      pool_(pool),
      store_(pool, model.config().decoder_ssru ? 0 : CachesOf(model.config()), model.width()),
      cells_(static_cast<size_t>(CachesOf(model.config()))),
      memories_(model.decoder().size()) {}

int64_t Decoder::SourceTokenBytes(const TransformerConfig& config) {
  const int64_t keys_and_values = 2 * int64_t{config.decoder_layers} * config.attention_width();
  return (keys_and_values + (config.copy ? config.d_model : 0)) * int64_t{sizeof(float)};
}

int64_t Decoder::PositionBytes(const TransformerConfig& config) {
  if (config.decoder_ssru) return 0;  // cells are of the newest position alone
  return 2 * CachesOf(config) * config.attention_width() * int64_t{sizeof(float)};
}

int32_t Decoder::FreeNumber() {
  const auto free = std::ranges::find_if(sources_, [](const Source& source) { return !source.is_open; });
  const auto number = static_cast<int32_t>(free - sources_.begin());
  if (free == sources_.end()) {
    sources_.emplace_back();
    for (auto& memories : memories_) memories.emplace_back();
    if (model_.config().copy) copies_.emplace_back();
  }
  return number;
}

void Decoder::Open(const PackedTokens& sources, std::vector<int32_t>* numbers) {
  const EncodedRows encoded = EncodeSources(model_, pool_, sources);
  const auto layers = static_cast<int64_t>(model_.decoder().size());
  const size_t first_new = numbers->size();
  PooledMatrix copy_keys;
  if (model_.config().copy) {
    copy_keys = PooledMatrix(pool_, encoded.states.rows(), model_.config().d_model);
    model_.copy_k().Apply(encoded.states.view(), copy_keys.view());
  }
  for (int64_t s = 0; s < sources.packing.sentences(); ++s) {
    const int32_t number = FreeNumber();
    numbers->push_back(number);
    Source& source = sources_[static_cast<size_t>(number)];
    source.is_open = true;
    const int64_t rows = encoded.packing.Length(s), first = encoded.packing.Begin(s);
    longest_source_ = std::max(longest_source_, rows);
    source.keys = PooledMatrix(pool_, layers * model_.width(), rows);
    source.values = PooledMatrix(pool_, layers * rows, model_.width());
    if (!copy_keys) continue;
    source.copy_keys = PooledMatrix(pool_, rows, copy_keys.cols());
    kernels::Copy(copy_keys.view().Rows(first, rows), source.copy_keys.view());
    const auto ids = sources.ids.subspan(static_cast<size_t>(first), static_cast<size_t>(rows));
    source.ids.assign(ids.begin(), ids.end());
    copies_[static_cast<size_t>(number)] = {source.copy_keys.view(), source.ids};
  }
  const PooledMatrix keys_and_values(pool_, encoded.states.rows(), 2 * model_.width());
  for (int64_t layer = 0; layer < layers; ++layer) {
    model_.decoder()[static_cast<size_t>(layer)].source_kv.Apply(encoded.states.view(), keys_and_values.view());
    for (int64_t s = 0; s < sources.packing.sentences(); ++s) {
      const int32_t number = (*numbers)[first_new + static_cast<size_t>(s)];
      KeepSource(layer, keys_and_values.view().Rows(encoded.packing.Begin(s), encoded.packing.Length(s)),
                 sources_[static_cast<size_t>(number)], number);
    }
  }
}

// keys_and_values [rows, 2 * width]: of one source.
void Decoder::KeepSource(int64_t layer, const ConstMatrix& keys_and_values, Source& source, int32_t number) {
  const int64_t rows = keys_and_values.rows, width = model_.width();
  const Matrix keys = source.keys.view().Rows(layer * width, width);
  const Matrix values = source.values.view().Rows(layer * rows, rows);
  kernels::CopyTransposed(keys_and_values.Cols(0, width), keys);
  kernels::Copy(keys_and_values.Cols(width, width), values);
  memories_[static_cast<size_t>(layer)][static_cast<size_t>(number)] = {keys, values};
}

void Decoder::Close(int32_t source) {
  const auto number = static_cast<size_t>(source);
  DRAGOMAN_CHECK(sources_[number].is_open);
  sources_[number] = {};
  for (auto& memories : memories_) memories[number] = {};
  if (model_.config().copy) copies_[number] = {};
}

void Decoder::Shortlist(int32_t source, std::span<const int32_t> tokens) {
  DRAGOMAN_CHECK(!model_.config().copy && sources_[static_cast<size_t>(source)].is_open);
  sources_[static_cast<size_t>(source)].output = ProjectionSubset(model_.output(), tokens, pool_);
}

// cache: of a layer in a pass.
void Decoder::AttendToHistory(const SelfAttentionWeights& weights, int64_t cache, const Matrix& x) {
  const int64_t width = model_.width();
  const PackedTokens places = history_.places();
  ApplySublayer(model_.config(), weights.norm, pool_, x, [&](const ConstMatrix& input) {
    const PooledMatrix qkv(pool_, input.rows, 3 * width);
    weights.qkv.Apply(input, qkv.view());
    const kernels::RowStore keys = store_.keys(cache), values = store_.values(cache);
    kernels::KeepRows(qkv.view().Cols(width, width), history_.newest(), keys);
    kernels::KeepRows(qkv.view().Cols(2 * width, width), history_.newest(), values);
    const kernels::AttentionShape& shape = weights.shape;
    const PooledMatrix heads(pool_, input.rows, width);
    const PooledMatrix scratch(pool_, 1, kernels::CachedAttentionScratchFloats(shape, places.packing.Longest()));
    kernels::AttendToRows(shape, qkv.view().Cols(0, width), places, keys, values, heads.view(), scratch.view().data);
    weights.out.Add(heads.view(), x);
  });
}

void Decoder::Recur(const RecurrentWeights& weights, int64_t cache, const Matrix& x) {
  const int64_t d_model = model_.config().d_model;
  PooledMatrix& before = cells_[static_cast<size_t>(cache)];
  ApplySublayer(model_.config(), weights.norm, pool_, x, [&](const ConstMatrix& input) {
    const PooledMatrix forget_and_x(pool_, input.rows, 2 * d_model);
    weights.forget_and_x.Apply(input, forget_and_x.view());
    PooledMatrix cells(pool_, input.rows, d_model);
    const Matrix h = forget_and_x.view().Cols(d_model, d_model);
    kernels::SsruStep(parents_, forget_and_x.view().Cols(0, d_model), h, before.view(), cells.view(), h);
    kernels::AddRows(h, x);
    before = std::move(cells);
  });
}

void Decoder::AttendToSources(const DecoderLayerWeights& weights, size_t layer, const Matrix& x) {
  ApplySublayer(model_.config(), weights.source_norm, pool_, x, [&](const ConstMatrix& input) {
    const PooledMatrix q(pool_, input.rows, model_.width());
    weights.source_q.Apply(input, q.view());
    const kernels::AttentionShape& shape = model_.cross_attention();
    const PooledMatrix heads(pool_, input.rows, model_.width());
    const PooledMatrix scratch(pool_, 1, kernels::CachedAttentionScratchFloats(shape, longest_source_));
    kernels::AttendToMemories(shape, q.view(), source_of_, memories_[layer], heads.view(), scratch.view().data);
    weights.source_out.Add(heads.view(), x);
  });
}

void Decoder::Step(std::span<const DecoderRow> rows) {
  tokens_.clear();
  parents_.clear();
  source_of_.clear();
  for (const DecoderRow& row : rows) {
    DRAGOMAN_CHECK(sources_[static_cast<size_t>(row.source)].is_open);
    tokens_.push_back(row.token);
    parents_.push_back(row.parent);
    source_of_.push_back(row.source);
  }
  history_.Advance(parents_);
  store_.Reserve(history_.capacity());
  hidden_ = {};
  hidden_ = EmbedTokens(model_, model_.target(), pool_, tokens_, history_.positions());
  const Matrix& x = hidden_.view();  // [rows, d_model]
  int64_t cache = 0;
  for (int pass = 0; pass < model_.config().decoder_repeats; ++pass) {
    BeginPass(model_.target(), pass, x);
    for (size_t layer = 0; layer < model_.decoder().size(); ++layer) {
      const DecoderLayerWeights& weights = model_.decoder()[layer];
      model_.config().decoder_ssru ? Recur(weights.recurrent, cache, x)
                                   : AttendToHistory(weights.self_attention, cache, x);
      ++cache;
      AttendToSources(weights, layer, x);
      ApplyFeedForward(model_, weights.feed_forward, pool_, x);
    }
  }
  const NormWeights& norm = model_.target().final_norm;
  if (norm.gain != nullptr) Normalize(model_.config(), norm, x, x);
  if (model_.config().scales_logits()) {
    kernels::Scale({x.data, static_cast<size_t>(x.size())}, model_.config().logit_scale);
  }
}

PooledMatrix Decoder::ShortlistLogits(int32_t source, int64_t first, int64_t count) const {
  const ProjectionSubset& output = sources_[static_cast<size_t>(source)].output;
  PooledMatrix logits(pool_, count, output.columns());
  output.Apply(hidden_.view().Rows(first, count), logits.view());
  return logits;
}

PooledMatrix Decoder::Logits(int64_t first, int64_t count) const {
  const Matrix hidden = hidden_.view().Rows(first, count);
  PooledMatrix logits(pool_, count, model_.output().columns());
  model_.output().Apply(hidden, logits.view());
  if (model_.config().copy) {
    const PooledMatrix q(pool_, count, model_.config().d_model);
    model_.copy_q().Apply(hidden, q.view());
    const PooledMatrix scores(pool_, count, longest_source_);
    const float scale = 1.0f / std::sqrt(static_cast<float>(model_.config().d_model));
    kernels::AddCopies(q.view(), std::span(source_of_).subspan(static_cast<size_t>(first), static_cast<size_t>(count)),
                       copies_, scale, scores.view(), logits.view());
  }
  return logits;
}

}  // namespace dragoman
