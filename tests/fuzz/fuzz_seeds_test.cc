// SPDX-License-Identifier: Apache-2.0
// Every seed of every fuzz target, whole, cut short and with bytes changed: so that the sanitizers see with any
// compiler and in seconds what libFuzzer once found (`make fuzz` looks for more).
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/hash.h"
#include "tests/fuzz/fuzz_target.h"

namespace dragoman {
namespace {

constexpr char kSeeds[] = "tests/fuzz/seeds";  // tests run in the repository's root
constexpr uint64_t kCuts = 16;
constexpr uint64_t kChanges = 40;

class FuzzSeedsTest : public testing::TestWithParam<FuzzTarget> {
 protected:
  FuzzSeedsTest() {
    const std::string folder = JoinPath(kSeeds, GetParam().name);
    for (const std::string& name : RealFileSystem().List(folder)) {
      seeds_.push_back(ReadFile(RealFileSystem(), JoinPath(folder, name), 1 << 20));
    }
  }
  bool Reads(const std::string& bytes) const { return Feed(GetParam(), bytes); }

  std::vector<std::string> seeds_;
};

TEST_P(FuzzSeedsTest, SomeAreReadToTheEnd) {
  EXPECT_TRUE(std::ranges::any_of(seeds_, [&](const std::string& seed) { return Reads(seed); }));
  for (const std::string& seed : seeds_) EXPECT_LE(seed.size(), GetParam().most_bytes);
}

TEST_P(FuzzSeedsTest, CutShortTheyAreReadOrAnError) {
  for (const std::string& seed : seeds_) {
    for (uint64_t cut = 0; cut < kCuts; ++cut) Reads(seed.substr(0, seed.size() * cut / kCuts));
    for (size_t missing = 1; missing <= std::min<size_t>(seed.size(), 3); ++missing) {
      Reads(seed.substr(0, seed.size() - missing));
    }
  }
}

TEST_P(FuzzSeedsTest, ChangedTheyAreReadOrAnError) {
  for (size_t i = 0; i < seeds_.size(); ++i) {
    for (uint64_t change = 0; change < kChanges && !seeds_[i].empty(); ++change) {
      const uint64_t random = HashCombine(HashCombine(17, i), change);
      std::string changed = seeds_[i];
      char& byte = changed[random % changed.size()];
      byte = change % 3 == 0 ? '\xff' : static_cast<char>(byte ^ (1 << (random >> 40) % 8));
      Reads(changed);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzSeedsTest, testing::ValuesIn(FuzzTargets().begin(), FuzzTargets().end()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(FuzzTargetsTest, EachFolderOfSeedsIsATargets) {
  std::vector<std::string> names;
  for (const FuzzTarget& target : FuzzTargets()) names.emplace_back(target.name);
  std::ranges::sort(names);
  EXPECT_EQ(RealFileSystem().List(kSeeds), names);
}

}  // namespace
}  // namespace dragoman
