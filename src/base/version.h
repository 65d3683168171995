// SPDX-License-Identifier: Apache-2.0
#ifndef DRAGOMAN_BASE_VERSION_H_
#define DRAGOMAN_BASE_VERSION_H_

namespace dragoman {

// "dragoman 0.1.0": as the program prints it, and what models say they were trained with.
const char* ProgramVersion();

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_VERSION_H_
