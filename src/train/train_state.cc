// SPDX-License-Identifier: Apache-2.0
#include "train/train_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>
#include <type_traits>

#include "base/error.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;

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
  visit("options", s.options);
}

// Those that came later than the first version of the file.
constexpr std::string_view kNewerKeys[] = {
    "ranks",         "options",      "patience_quality",    "smoothed_loss",
    "unlogged_loss", "unlogged_nll", "unlogged_tgt_tokens", "unlogged_skipped_updates"};

// Json's own conversions would cast 1e300 or -1 to whatever comes out.
template <class Field>
void Read(const Json& json, const char* key, Field& field) {
  constexpr bool kIsOptions = std::is_same_v<Field, std::map<std::string, std::string>>;
  const bool may_be_missing = std::ranges::find(kNewerKeys, std::string_view(key)) != std::end(kNewerKeys);
  if (may_be_missing && json.is_object() && !json.contains(key)) return;
  const Json& value = json.at(key);
  bool fits = value.is_number_unsigned() || (std::is_signed_v<Field> && value.is_number_integer());
  if constexpr (kIsOptions) {
    fits = value.is_object() && std::ranges::all_of(value, [](const Json& text) { return text.is_string(); });
  } else if constexpr (std::is_same_v<Field, bool>) {
    fits = value.is_boolean();
  } else if constexpr (std::is_floating_point_v<Field>) {
    fits = value.is_number();
  } else if (fits && value.is_number_unsigned()) {
    fits = value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<Field>::max());
  }
  if (!fits) throw std::range_error(fmt::format("{} is {}", key, value.dump()));
  value.get_to(field);
}

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
  TrainState state;
  try {
    const Json json = Json::parse(text);
    state.smoothed_loss = !json.contains("smoothed_loss");
    ForEachField(state, [&](const char* key, auto& field) { Read(json, key, field); });
    if (!json.contains("patience_quality")) state.patience_quality = state.best_quality;
  } catch (const std::exception& error) {
    throw FormatError(path, fmt::format("is not the state of a training run ({}); resume from another checkpoint or "
                                        "start anew in another --output",
                                        error.what()));
  }
  const bool sane =
      state.step >= 0 && state.epoch >= 0 && state.batch_in_epoch >= 0 && state.seconds >= 0 && state.threads >= 0;
  if (!sane)
    throw FormatError(path,
                      "holds a negative step, position, time or number of threads; resume from another checkpoint");
  return state;
}

}  // namespace dragoman
