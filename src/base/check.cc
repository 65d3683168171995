// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <string>

#include "base/error.h"

namespace dragoman {

void CheckFailed(const char* condition, const char* file, int line) {
  throw InternalError("internal error at " + std::string(file) + ":" + std::to_string(line) + ": " + condition +
                      " does not hold; please report this with the command that led here");
}

}  // namespace dragoman
