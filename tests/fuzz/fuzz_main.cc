// SPDX-License-Identifier: Apache-2.0
// libFuzzer's program for all targets: DRAGOMAN_FUZZ_TARGET names the one to feed. See run, which starts it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

namespace {

const dragoman::FuzzTarget* target = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const char* const name = std::getenv("DRAGOMAN_FUZZ_TARGET");
  for (const dragoman::FuzzTarget& each : dragoman::FuzzTargets()) {
    if (name != nullptr && each.name == std::string(name)) target = &each;
  }
  if (target == nullptr) {
    std::fputs("DRAGOMAN_FUZZ_TARGET names none of the targets:", stderr);
    for (const dragoman::FuzzTarget& each : dragoman::FuzzTargets()) std::fprintf(stderr, " %s", each.name);
    std::fputs("\n", stderr);
    std::exit(2);
  }
  static std::string most = "-max_len=" + std::to_string(target->most_bytes);
  static std::vector<char*> arguments(*argv, *argv + *argc);
  arguments.insert(arguments.begin() + 1, most.data());
  *argc = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  *argv = arguments.data();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  dragoman::Feed(*target, {reinterpret_cast<const char*>(data), size});
  return 0;
}
