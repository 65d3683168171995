// SPDX-License-Identifier: Apache-2.0
#include "kernels/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"

namespace dragoman::kernels {
namespace {

using testing::HasSubstr;

class TargetTest : public testing::Test {
 protected:
  void TearDown() override {
    unsetenv("DRAGOMAN_TARGET");
    UseTarget(SupportedTargets().front(), "test");
  }
};

TEST_F(TargetTest, TheBestIsUsedUnlessToldOtherwise) {
  ASSERT_FALSE(SupportedTargets().empty());
  EXPECT_EQ(CurrentTarget(), SupportedTargets().front());
  UseTargetFromEnvironment();
  EXPECT_EQ(CurrentTarget(), SupportedTargets().front());
  setenv("DRAGOMAN_TARGET", "", 1);
  UseTargetFromEnvironment();
  EXPECT_EQ(CurrentTarget(), SupportedTargets().front());
}

TEST_F(TargetTest, TheEnvironmentChooses) {
  for (const std::string& name : SupportedTargets()) {
    setenv("DRAGOMAN_TARGET", name.c_str(), 1);
    UseTargetFromEnvironment();
    EXPECT_EQ(CurrentTarget(), name);
  }
}

TEST_F(TargetTest, AWrongNameSaysWhatWouldBeRight) {
  setenv("DRAGOMAN_TARGET", "mmx", 1);
  try {
    UseTargetFromEnvironment();
    FAIL() << "accepted";
  } catch (const OptionError& error) {
    EXPECT_THAT(error.what(), HasSubstr("DRAGOMAN_TARGET: found \"mmx\""));
    for (const std::string& name : SupportedTargets()) EXPECT_THAT(error.what(), HasSubstr(name));
  }
  EXPECT_EQ(CurrentTarget(), SupportedTargets().front());
}

}  // namespace
}  // namespace dragoman::kernels
