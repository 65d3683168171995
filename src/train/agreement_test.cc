// SPDX-License-Identifier: Apache-2.0
// Ranks as threads of one process.
#include "train/agreement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

#include "base/error.h"
#include "comm/local_transport_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

UpdateFindings FindingsOf(int rank) {
  UpdateFindings own;
  own.sums = {.loss = 1.5 + rank, .nll = 1.0 + rank, .src_tokens = 10, .tgt_tokens = 20 + rank, .sentences = 2};
  own.squares = 4.0 * (1 + rank);
  own.seconds = 100.0 + rank;
  return own;
}

TEST(AgreementTest, AllRanksFindTheSameInAnUpdate) {
  RunRanks(3, [](Communicator& comm) {
    UpdateFindings own = FindingsOf(comm.rank());
    if (comm.rank() > 0) own.first_suspect = 10 - comm.rank();
    if (comm.rank() == 1) own.stop = 16;
    const UpdateFindings all = Agree(own, comm);
    EXPECT_EQ(all.sums.loss, 1.5 + 2.5 + 3.5);
    EXPECT_EQ(all.sums.nll, 6);
    EXPECT_EQ(all.sums.src_tokens, 30);
    EXPECT_EQ(all.sums.tgt_tokens, 63);
    EXPECT_EQ(all.sums.sentences, 6);
    EXPECT_EQ(all.squares, 4 + 8 + 12);
    EXPECT_EQ(all.first_suspect, 8) << "the first of the update";
    EXPECT_EQ(all.stop, 16) << "whoever was asked to stop, all do";
    EXPECT_EQ(all.seconds, 100) << "rank 0's clock";
    EXPECT_EQ(AgreeOnSeconds(own.seconds, comm), 100);
    EXPECT_EQ(AgreeOnStop(comm), 0);
  });
}

TEST(AgreementTest, ARankAloneAgreesWithItself) {
  const UpdateFindings own = FindingsOf(0), all = Agree(own, Alone());
  EXPECT_EQ(all.sums.loss, own.sums.loss);
  EXPECT_EQ(all.squares, own.squares);
  EXPECT_EQ(all.first_suspect, UpdateFindings::kNoBatch);
  EXPECT_EQ(all.stop, 0);
  EXPECT_EQ(all.seconds, own.seconds);
  EXPECT_EQ(AgreeOnSeconds(7.5, Alone()), 7.5);
  EXPECT_TRUE(HaveEqualThreads(2, Alone()));
}

TEST(AgreementTest, ARankOfOtherOptionsNamesTheOption) {
  std::array<std::string, 2> option, message;
  RunRanks(2, [&](Communicator& comm) {
    TrainOptions options;
    options.warmup = 100 + comm.rank();
    options.threads = 1 + comm.rank();  // its own affair
    try {
      RequireEqualOptions(options, comm);
    } catch (const OptionError& error) {
      option[static_cast<size_t>(comm.rank())] = error.option();
      message[static_cast<size_t>(comm.rank())] = error.what();
    }
    EXPECT_FALSE(HaveEqualThreads(options.threads, comm));
    EXPECT_TRUE(HaveEqualThreads(2, comm));
  });
  EXPECT_EQ(message[0], "");
  EXPECT_THAT(message[1], HasSubstr("has the option `warmup` 101, but rank 0 has `warmup` 100"));
  EXPECT_EQ(option[1], "warmup");
}

}  // namespace
}  // namespace dragoman
