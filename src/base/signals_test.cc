// SPDX-License-Identifier: Apache-2.0
#include "base/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "base/error.h"

namespace dragoman {
namespace {

TEST(StopSignalTest, FirstSignalIsRememberedAndForgottenByTheNextStopSignal) {
  signal(SIGHUP, SIG_DFL);  // whatever started the test
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    const StopSignal stop;
    testing::internal::CaptureStderr();
    EXPECT_FALSE(StopRequested());
    EXPECT_EQ(StopSignalNumber(), 0);
    raise(signal);
    EXPECT_TRUE(StopRequested());
    EXPECT_EQ(StopSignalNumber(), signal);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              (signal == SIGINT    ? "Ctrl-C"
               : signal == SIGTERM ? "SIGTERM"
                                   : "SIGHUP") +
                  std::string(": stopping, what is done will be saved; a second time ends at once\n"));
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

TEST(StopSignalTest, ATerminalThatGoesMaySayItTwice) {
  signal(SIGHUP, SIG_DFL);
  const StopSignal stop;
  testing::internal::CaptureStderr();
  raise(SIGHUP);
  raise(SIGHUP);
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(StopSignalNumber(), SIGHUP);
}

TEST(StopSignalTest, AHangUpThatIsIgnoredStaysSo) {
  signal(SIGHUP, SIG_IGN);
  {
    const StopSignal stop;
    raise(SIGHUP);
    EXPECT_FALSE(StopRequested());
  }
  EXPECT_EQ(signal(SIGHUP, SIG_DFL), SIG_IGN);
}

TEST(StopSignalTest, InterruptedHoldsTheSignal) {
  const StopSignal stop;
  EXPECT_NO_THROW(ThrowIfStopRequested());
  testing::internal::CaptureStderr();
  raise(SIGTERM);
  testing::internal::GetCapturedStderr();
  try {
    ThrowIfStopRequested();
    FAIL() << "nothing was thrown";
  } catch (const Interrupted& interrupted) {
    EXPECT_EQ(interrupted.signal, SIGTERM);
  }
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
