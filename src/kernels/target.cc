// SPDX-License-Identifier: Apache-2.0
#include "kernels/target.h"

#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "hwy/targets.h"

namespace dragoman::kernels {
namespace {

constexpr const char* kVariable = "DRAGOMAN_TARGET";

// Our names follow what people call the instruction sets, not Highway's spelling.
std::string NameOf(int64_t target) {
  std::string name = hwy::TargetName(target);
  if (name == "AVX3") return "avx512";
  if (name == "EMU128" || name == "SCALAR") return "scalar";
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

// What the kernels were compiled for and this machine can run, best (lowest bit) first; with nothing forced.
std::vector<int64_t> AllTargets() {
  static const std::vector<int64_t> all = hwy::SupportedAndGeneratedTargets();
  return all;
}

}  // namespace

std::vector<std::string> SupportedTargets() {
  std::vector<std::string> names;
  for (const int64_t target : AllTargets()) names.push_back(NameOf(target));
  return names;
}

void UseTarget(std::string_view name, std::string_view where) {
  std::string choices;
  for (const int64_t target : AllTargets()) {
    if (NameOf(target) == name) {
      hwy::SetSupportedTargetsForTest(target);
      hwy::GetChosenTarget().Update(target);
      return;
    }
    choices += (choices.empty() ? "" : ", ") + NameOf(target);
  }
  throw OptionError(std::string(where) + ": found \"" + std::string(name) +
                    "\", expected an instruction set that this machine has (" + choices +
                    "); choose one of these, or leave it unset for the first");
}

void UseTargetFromEnvironment() {
  const char* const name = std::getenv(kVariable);
  if (name != nullptr && *name != '\0') UseTarget(name, kVariable);
}

std::string CurrentTarget() { return NameOf(hwy::SupportedAndGeneratedTargets().front()); }

std::string WhatIsMissing() {
  const std::string target = CurrentTarget();
  if (target == "avx512" || target == "avx2" || target == "neon") return "";
  return "this processor has no AVX2, only " + target + ": everything works, but several times slower";
}

}  // namespace dragoman::kernels
