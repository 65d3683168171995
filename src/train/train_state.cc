// SPDX-License-Identifier: Apache-2.0
#include "train/train_state.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

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
  visit("validations", s.validations);
  visit("validations_since_best", s.validations_since_best);
  visit("has_best", s.has_best);
  visit("best_quality", s.best_quality);
}

}  // namespace

std::string TrainState::ToJson() const {
  Json json;
  ForEachField(*this, [&](const char* key, const auto& field) { json[key] = field; });
  return json.dump(2) + "\n";
}

TrainState TrainState::FromJson(const std::string& text, const std::string& path) {
  TrainState state;
  try {
    const Json json = Json::parse(text);
    ForEachField(state, [&](const char* key, auto& field) { json.at(key).get_to(field); });
  } catch (const Json::exception& error) {
    throw FormatError(path, fmt::format("is not the state of a training run ({}); resume from another checkpoint or "
                                        "start anew in another --output", error.what()));
  }
  const bool sane = state.step >= 0 && state.epoch >= 0 && state.batch_in_epoch >= 0 && state.seconds >= 0;
  if (!sane) throw FormatError(path, "holds a negative step, position or time; resume from another checkpoint");
  return state;
}

}  // namespace dragoman
