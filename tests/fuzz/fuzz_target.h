// SPDX-License-Identifier: Apache-2.0
// What a fuzz target is: a reader of bytes that anybody may have written, and what its user then does with what it has
// read. libFuzzer feeds it with bytes of its own (fuzz_main.cc), the tests with seeds and changed seeds
// (fuzz_seeds_test.cc).
//
// Bytes may be read, or be one of our errors (base/error.h) but InternalError. All else is a fault: a crash, a hang,
// another exception, a finding of a sanitizer, a DRAGOMAN_CHECK that does not hold.
#ifndef DRAGOMAN_TESTS_FUZZ_FUZZ_TARGET_H_
#define DRAGOMAN_TESTS_FUZZ_FUZZ_TARGET_H_

#include <cstddef>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace dragoman {

struct FuzzTarget {
  const char* name;                      // and that of its folder in seeds/
  void (*read)(std::string_view bytes);  // throws an Error where the bytes are no good
  size_t most_bytes;                     // longer inputs are slower, and find no more
};

// For the tests' messages.
inline void PrintTo(const FuzzTarget& target, std::ostream* out) { *out << target.name; }

// All there are.
std::span<const FuzzTarget> FuzzTargets();

// Whether the bytes could be read. Throws what is a fault.
bool Feed(const FuzzTarget& target, std::string_view bytes);

// For what has to go well: an Error of `function` becomes an InternalError.
template <typename Function>
auto WithoutError(const Function& function) {
  try {
    return function();
  } catch (const Error& error) {
    throw InternalError(std::string("refused, although it was read before: ") + error.what());
  }
}

}  // namespace dragoman

#endif  // DRAGOMAN_TESTS_FUZZ_FUZZ_TARGET_H_
