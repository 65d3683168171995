// SPDX-License-Identifier: Apache-2.0
#include "decode/options.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"

namespace dragoman {
namespace {

template <class Number>
void Require(bool condition, const char* flag, Number found, const char* expected) {
  if (!condition) throw OptionError(fmt::format("{} is {}, expected {}", flag, found, expected));
}

}  // namespace

const EnumNames<LengthPenalty>& NamesOf(LengthPenalty) {
  static const EnumNames<LengthPenalty> names = {{"wu", LengthPenalty::kWu}, {"power", LengthPenalty::kPower}};
  return names;
}

const EnumNames<Stopping>& NamesOf(Stopping) {
  static const EnumNames<Stopping> names = {
      {"beam", Stopping::kBeam}, {"bound", Stopping::kBound}, {"first", Stopping::kFirst}};
  return names;
}

void DecodeOptions::Validate() const {
  Require(beam_size >= 1 && beam_size <= 256, "--beam-size", beam_size, "1 to 256");
  Require(n_best >= 1 && n_best <= 256, "--n-best", n_best, "1 to 256");
  Require(sample || n_best <= beam_size, "--n-best", n_best, "at most --beam-size; give a larger --beam-size");
  Require(std::isfinite(alpha) && alpha >= 0, "--length-penalty", alpha, "a number of at least 0");
  Require(max_length_factor > 0, "--max-length-factor", max_length_factor, "a positive number");
  Require(max_length >= 0, "--max-length", max_length, "a positive number, or 0 for the model's limit");
  Require(std::isfinite(temperature) && temperature > 0, "--temperature", temperature, "a positive number");
  Require(top_k >= 0, "--top-k", top_k, "a positive number, or 0 for all tokens");
  Require(top_p > 0 && top_p <= 1, "--top-p", top_p, "above 0 and at most 1");
}

double LengthPenaltyOf(const DecodeOptions& options, int64_t length) {
  const auto tokens = static_cast<double>(length);
  const double base = options.length_penalty == LengthPenalty::kWu ? (5.0 + tokens) / 6.0 : tokens;
  return std::pow(base, double{options.alpha});
}

}  // namespace dragoman
