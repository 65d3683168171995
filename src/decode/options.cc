// SPDX-License-Identifier: Apache-2.0
#include "decode/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/option_json.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;

template <class Number>
void Require(bool condition, const char* field, Number found, const char* expected) {
  if (!condition) throw OptionError(fmt::format("`{}` is {}, expected {}", field, found, expected));
}

}  // namespace

const EnumNames<LengthPenaltyForm>& NamesOf(LengthPenaltyForm) {
  static const EnumNames<LengthPenaltyForm> names = {{"wu", LengthPenaltyForm::kWu},
                                                     {"power", LengthPenaltyForm::kPower}};
  return names;
}

const EnumNames<Stopping>& NamesOf(Stopping) {
  static const EnumNames<Stopping> names = {{"beam", Stopping::kBeam},
                                            {"bound", Stopping::kBound},
                                            {"first", Stopping::kFirst},
                                            {"full", Stopping::kFull},
                                            {"narrow", Stopping::kNarrow}};
  return names;
}

const EnumNames<LineForm>& NamesOf(LineForm) {
  static const EnumNames<LineForm> names = {
      {"text", LineForm::kText}, {"pieces", LineForm::kPieces}, {"ids", LineForm::kIds}};
  return names;
}

void DecodeOptions::Validate() const {
  Require(beam_size >= 1 && beam_size <= 256, "beam_size", beam_size, "1 to 256");
  Require(n_best >= 1 && n_best <= 256, "n_best", n_best, "1 to 256");
  Require(sample || n_best <= beam_size, "n_best", n_best, "at most `beam_size`; give a larger `beam_size`");
  Require(std::isfinite(length_penalty) && length_penalty >= 0, "length_penalty", length_penalty,
          "a number of at least 0");
  Require(std::isfinite(max_length_factor) && max_length_factor > 0, "max_length_factor", max_length_factor,
          "a positive number");
  Require(max_length >= 0, "max_length", max_length, "a positive number, or 0 for the model's limit");
  Require(min_length >= 0, "min_length", min_length, "a number of tokens, or 0 for any");
  Require(max_length == 0 || min_length <= max_length, "min_length", min_length, "at most `max_length`");
  Require(no_repeat_ngram >= 0 && no_repeat_ngram <= 1000, "no_repeat_ngram", no_repeat_ngram,
          "1 to 1000, or 0 for no such rule");
  Require(std::isfinite(temperature) && temperature > 0, "temperature", temperature, "a positive number");
  Require(top_k >= 0, "top_k", top_k, "a positive number, or 0 for all tokens");
  Require(top_p > 0 && top_p <= 1, "top_p", top_p, "above 0 and at most 1");
}

std::string DecodeOptions::ToJson() const {
  Json json;
  ForEachDecodeOption(*this, OptionJsonWriter<Json>{json});
  return json.dump(2) + "\n";
}

DecodeOptions DecodeOptions::FromJson(const std::string& text, const std::string& origin) {
  const JsonDocument document(text, {origin, "give options of decoding as an object, such as {\"beam_size\": 4}"});
  const JsonObject json = document.root().Object("this");
  DecodeOptions options;
  ForEachDecodeOption(options, OptionJsonReader{json});
  std::vector<std::string> known;
  ForEachDecodeOption(options, [&](const char* key, const auto&, const char*) { known.push_back(key); });
  for (const auto& [key, value] : json.members()) {
    if (std::ranges::find(known, key) != known.end()) continue;
    value.Fail(fmt::format("unknown key \"{}\", expected one of {}", key, fmt::join(known, ", ")));
  }
  try {
    options.Validate();
  } catch (const OptionError& error) {
    throw FormatError(origin, error.what());
  }
  return options;
}

double LengthPenaltyOf(const DecodeOptions& options, int64_t length) {
  const auto tokens = static_cast<double>(length);
  const double base = options.length_penalty_form == LengthPenaltyForm::kWu ? (5.0 + tokens) / 6.0 : tokens;
  return std::pow(base, double{options.length_penalty});
}

}  // namespace dragoman
