// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"

#include <cmath>
#include <numbers>

#include "base/hash.h"

namespace dragoman {

uint64_t Rng::Next() {
  const uint64_t value = HashMix(state_);
  state_ += 0x9e3779b97f4a7c15;
  return value;
}

uint64_t Rng::Below(uint64_t bound) {
  // Reject the few values that would make the first remainders more likely.
  const uint64_t first_fair = (0 - bound) % bound;
  uint64_t value = Next();
  while (value < first_fair) value = Next();
  return value % bound;
}

double Rng::Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

double Rng::Normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - Uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * Uniform());
}

}  // namespace dragoman
