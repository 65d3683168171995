// SPDX-License-Identifier: Apache-2.0
// Which instruction set the kernels use. By default the best one that the machine has; one binary holds them all.
#ifndef DRAGOMAN_KERNELS_TARGET_H_
#define DRAGOMAN_KERNELS_TARGET_H_

#include <string>
#include <string_view>
#include <vector>

namespace dragoman::kernels {

// Names of the instruction sets that this machine can run, best first, e.g. "avx512", "avx2", "sse4", "ssse3",
// "scalar".
std::vector<std::string> SupportedTargets();

// Makes all kernels use this instruction set from now on. Throws OptionError, which names
// `where` and lists the choices, when the machine lacks it or there is no such name. Not to be called while kernels
// run.
void UseTarget(std::string_view name, std::string_view where);

// For a program's start, before any kernel runs: UseTarget() with the value of the environment variable
// DRAGOMAN_TARGET, if it is set and not empty.
void UseTargetFromEnvironment();

// The instruction set in use.
std::string CurrentTarget();

// What the processor lacks of what kernels are made to be fast with, for a person; "" if nothing.
std::string WhatIsMissing();

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_TARGET_H_
