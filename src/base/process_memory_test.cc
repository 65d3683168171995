// SPDX-License-Identifier: Apache-2.0
#include "base/process_memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

namespace dragoman {
namespace {

TEST(AvailableMemoryTest, IsNoMoreThanTheAddressSpaceThatIsLeft) {
  EXPECT_GT(AvailableMemory(), int64_t{1} << 20);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's shadow memory is beyond any limit on the address space";
#endif
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  rlimit limit = before;
  limit.rlim_cur = rlim_t{1} << 40;  // far above what this machine has: changes nothing
  if (setrlimit(RLIMIT_AS, &limit) != 0) GTEST_SKIP() << "a lower limit is set already";
  const int64_t whole = AvailableMemory();
  limit.rlim_cur = rlim_t{1} << 29;
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  EXPECT_LT(AvailableMemory(), std::min(whole, int64_t{1} << 29));
  setrlimit(RLIMIT_AS, &before);
}

}  // namespace
}  // namespace dragoman
