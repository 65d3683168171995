// SPDX-License-Identifier: Apache-2.0
#include "base/cores.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace dragoman {
namespace {

TEST(UsableCoresTest, AreThoseThatTheProcessIsBoundTo) {
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  EXPECT_LE(UsableCores(), CPU_COUNT(&before));
  EXPECT_GE(UsableCores(), 1);
  CPU_ZERO(&one);
  for (int core = 0; CPU_COUNT(&one) == 0; ++core) {
    if (CPU_ISSET(core, &before)) CPU_SET(core, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(UsableCores(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
}

struct CoresGrantedTest : testing::Test {
  CoresGrantedTest() { std::filesystem::create_directories(root); }
  ~CoresGrantedTest() override { std::filesystem::remove_all(root); }

  void Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root + name).parent_path());
    std::ofstream(root + name) << text;
  }
  std::optional<int> Granted(const std::string& membership) const {
    Write("/membership", membership);
    return CoresGranted(root + "/membership", root);
  }

  const std::string root = testing::TempDir() + "/dragoman_cgroup_" + std::to_string(getpid());
};

TEST_F(CoresGrantedTest, AreTheQuotaByThePeriodRoundedUp) {
  for (const auto& [text, cores] : {std::pair("200000 100000\n", 2), {"150000 100000\n", 2}, {"10000 100000\n", 1}}) {
    Write("/cpu.max", text);
    EXPECT_EQ(Granted("0::/\n"), cores) << text;
  }
}

TEST_F(CoresGrantedTest, WithoutAQuotaAreAll) {
  EXPECT_EQ(Granted("0::/\n"), std::nullopt) << "no such file";
  for (const char* text : {"max 100000\n", "", "-5 100000\n", "100000 0\n", "many 100000\n"}) {
    Write("/cpu.max", text);
    EXPECT_EQ(Granted("0::/\n"), std::nullopt) << text;
  }
  EXPECT_EQ(Granted(""), std::nullopt);
  EXPECT_EQ(Granted("gibberish\n::\n:\n"), std::nullopt);
  EXPECT_EQ(CoresGranted(root + "/absent", root), std::nullopt);
}

TEST_F(CoresGrantedTest, OfNestedGroupsTheLeastCounts) {
  Write("/system/job/cpu.max", "max 100000\n");
  Write("/system/cpu.max", "300000 100000\n");
  Write("/cpu.max", "800000 100000\n");
  EXPECT_EQ(Granted("0::/system/job\n"), 3);
  EXPECT_EQ(Granted("0::/host/path/that/is/not/here\n"), 8);
}

TEST_F(CoresGrantedTest, Version1HasTwoFiles) {
  Write("/cpu,cpuacct/docker/1/cpu.cfs_quota_us", "400000\n");
  Write("/cpu,cpuacct/docker/1/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Granted("5:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n"), 4);
  Write("/cpu,cpuacct/docker/1/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(Granted("4:cpu,cpuacct:/docker/1\n"), std::nullopt);
}

}  // namespace
}  // namespace dragoman
