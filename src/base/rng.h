// SPDX-License-Identifier: Apache-2.0
// A small random number generator whose stream is the same with every compiler and standard library.
#ifndef DRAGOMAN_BASE_RNG_H_
#define DRAGOMAN_BASE_RNG_H_

#include <cstdint>

namespace dragoman {

// SplitMix64 (Steele 2014): 64 bits of state. A copy goes on with the same numbers.
class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}

  uint64_t Next();
  uint64_t Below(uint64_t bound);  // uniform in [0, bound), without bias; bound > 0
  double Uniform();                // [0, 1), 53 bits
  double Normal();                 // mean 0, variance 1 (Box and Muller, one value a call)

 private:
  uint64_t state_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_RNG_H_
