// SPDX-License-Identifier: Apache-2.0
#include "base/version.h"

namespace dragoman {

const char* ProgramVersion() { return "dragoman " DRAGOMAN_VERSION; }

}  // namespace dragoman
