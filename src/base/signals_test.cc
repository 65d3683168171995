// SPDX-License-Identifier: Apache-2.0
#include "base/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "base/error.h"

namespace dragoman {
namespace {

TEST(StopSignalTest, FirstSignalIsRememberedAndForgottenByTheNextStopSignal) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const StopSignal stop;
    EXPECT_FALSE(StopRequested());
    EXPECT_EQ(StopSignalNumber(), 0);
    raise(signal);
    EXPECT_TRUE(StopRequested());
    EXPECT_EQ(StopSignalNumber(), signal);
  }
}

TEST(StopSignalTest, SecondSignalEndsTheProcess) {
  EXPECT_EXIT(
      {
        const StopSignal stop;
        raise(SIGINT);
        raise(SIGTERM);
        _exit(0);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST(StopSignalTest, HandlersAreAsBeforeOnceItIsGone) {
  struct sigaction before, after;
  sigaction(SIGTERM, nullptr, &before);
  { const StopSignal stop; }
  sigaction(SIGTERM, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

TEST(StopSignalTest, StopCanBeAskedForWithoutASignal) {
  const StopSignal stop;
  RequestStop();
  EXPECT_TRUE(StopRequested());
  EXPECT_EQ(StopSignalNumber(), 0);
}

TEST(StopSignalTest, TwoAtOnceAreABug) {
  const StopSignal stop;
  EXPECT_THROW(StopSignal(), InternalError);
}

}  // namespace
}  // namespace dragoman
