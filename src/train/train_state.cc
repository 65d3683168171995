// SPDX-License-Identifier: Apache-2.0
#include "train/train_state.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/json.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kMostCounted = 999'999'999'999'999'999;  // leaves room to count on

template <class State, class Visitor>
void ForEachField(State& s, Visitor&& visit) {
  visit("step", s.step);
  visit("epoch", s.epoch);
  visit("batch_in_epoch", s.batch_in_epoch);
  visit("sentences", s.sentences);
  visit("tgt_tokens", s.tgt_tokens);
  visit("skipped_updates", s.skipped_updates);
  visit("seconds", s.seconds);
  visit("seed", s.seed);
  visit("corpus_fingerprint", s.corpus_fingerprint);
  visit("threads", s.threads);
  visit("ranks", s.ranks);
  visit("validations", s.validations);
  visit("validations_since_best", s.validations_since_best);
  visit("has_best", s.has_best);
  visit("best_quality", s.best_quality);
  visit("patience_quality", s.patience_quality);
  visit("smoothed_loss", s.smoothed_loss);
  visit("unlogged_loss", s.unlogged.loss);
  visit("unlogged_nll", s.unlogged.nll);
  visit("unlogged_tgt_tokens", s.unlogged.tgt_tokens);
  visit("unlogged_skipped_updates", s.unlogged.skipped_updates);
  visit("timed_steps", s.timed_steps);
  visit("options", s.options);
}

// Those that came later than the first version of the file.
constexpr std::string_view kNewerKeys[] = {
    "ranks",         "options",      "patience_quality",    "smoothed_loss",
    "unlogged_loss", "unlogged_nll", "unlogged_tgt_tokens", "unlogged_skipped_updates",
    "timed_steps"};

struct Reader {
  const JsonObject& json;

  template <class Field>
  void operator()(const char* key, Field& field) const {
    const bool may_be_missing = std::ranges::find(kNewerKeys, std::string_view(key)) != std::end(kNewerKeys);
    if (!may_be_missing || json.Find(key) != nullptr) Read(json.At(key), key, &field);
  }

  static void Read(const JsonValue& value, const char* key, int64_t* field) {
    *field = value.Integer(key, 0, kMostCounted);
  }
  static void Read(const JsonValue& value, const char* key, int* field) {
    *field = static_cast<int>(value.Integer(key, 0, std::numeric_limits<int>::max()));
  }
  static void Read(const JsonValue& value, const char* key, uint64_t* field) { *field = value.Unsigned(key); }
  static void Read(const JsonValue& value, const char* key, double* field) { *field = value.Number(key); }
  static void Read(const JsonValue& value, const char* key, bool* field) { *field = value.Bool(key); }
  static void Read(const JsonValue& value, const char* key, std::map<std::string, std::string>* field) {
    const JsonObject texts = value.Object(key);
    for (const JsonObject::Member& text : texts.members()) (*field)[text.key] = text.value.String(text.key);
  }
};

}  // namespace

bool TrainState::CountValidation(double quality, double min_delta) {
  const bool is_finite = std::isfinite(quality);
  const bool is_best = is_finite && (!has_best || quality > best_quality);
  const bool is_better = is_best && (!has_best || quality - patience_quality >= min_delta);
  ++validations;
  validations_since_best = is_better ? 0 : validations_since_best + 1;
  if (is_better) patience_quality = quality;
  if (is_best) best_quality = quality;
  has_best = has_best || is_best;
  return is_best;
}

std::string TrainState::ToJson() const {
  Json json;
  ForEachField(*this, [&](const char* key, const auto& field) { json[key] = field; });
  return json.dump(2) + "\n";
}

TrainState TrainState::FromJson(const std::string& text, const std::string& path) {
  const JsonDocument document(text, {path, "resume from another checkpoint or start anew in another `output`"});
  const JsonObject json = document.root().Object("the state of a training run");
  TrainState state;
  state.smoothed_loss = json.Find("smoothed_loss") == nullptr;
  ForEachField(state, Reader{json});
  if (json.Find("patience_quality") == nullptr) state.patience_quality = state.best_quality;
  if (state.seconds < 0) json.At("seconds").FailExpecting("seconds", "0 or more");
  return state;
}

}  // namespace dragoman
