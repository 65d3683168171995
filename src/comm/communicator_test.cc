// SPDX-License-Identifier: Apache-2.0
#include "comm/communicator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "comm/local_transport_testing.h"
#include "comm/packed_strings.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::span<std::byte> Bytes(std::vector<float>& values) { return std::as_writable_bytes(std::span(values)); }

TEST(CommunicatorTest, AloneEverythingComesBack) {
  Communicator alone;
  EXPECT_EQ(alone.rank(), 0);
  EXPECT_EQ(alone.size(), 1);
  EXPECT_EQ(alone.Broadcast("text"), "text");
  EXPECT_THAT(alone.Gather("text"), ElementsAre("text"));
  const double values[] = {1, 2};
  EXPECT_THAT(alone.AllGather(values), ElementsAre(1, 2));
  alone.Send(0, "letter");
  EXPECT_EQ(alone.NextLetter().text, "letter");
  alone.Leave();
}

TEST(CommunicatorTest, CollectiveCallsGiveWhatTheyPromise) {
  for (const int ranks : {2, 3, 5}) {
    RunRanks(ranks, [&](Communicator& comm) {
      const std::string own = "rank " + std::to_string(comm.rank());
      EXPECT_EQ(comm.size(), ranks);
      EXPECT_THAT(comm.Name(ranks - 1), HasSubstr("rank " + std::to_string(ranks - 1) + " on "));
      EXPECT_EQ(comm.Broadcast(comm.rank() == 0 ? std::string(100'000, 'x') : "other"), std::string(100'000, 'x'));
      EXPECT_EQ(comm.Broadcast(comm.rank() == 0 ? "" : "other"), "");
      std::vector<float> values(1000, static_cast<float>(comm.rank()) + 1);
      comm.Broadcast(values);
      EXPECT_THAT(values, testing::Each(1.0f));
      const std::vector<std::string> gathered = comm.Gather(own);
      if (comm.rank() == 0) {
        ASSERT_EQ(gathered.size(), static_cast<size_t>(ranks));
        for (int r = 0; r < ranks; ++r) EXPECT_EQ(gathered[static_cast<size_t>(r)], "rank " + std::to_string(r));
      } else {
        EXPECT_THAT(gathered, IsEmpty());
      }
      const double numbers[] = {static_cast<double>(comm.rank()), 7};
      const std::vector<double> all = comm.AllGather(numbers);
      for (int r = 0; r < ranks; ++r) {
        EXPECT_EQ(all[2 * static_cast<size_t>(r)], r);
        EXPECT_EQ(all[2 * static_cast<size_t>(r) + 1], 7);
      }
    });
  }
}

TEST(CommunicatorTest, TransfersRunOnTheirOwnAndMayStartMore) {
  RunRanks(2, [](Communicator& comm) {
    const int other = 1 - comm.rank();
    std::vector<float> out(5000), in(out.size()), back(out.size());
    std::iota(out.begin(), out.end(), static_cast<float>(100 * comm.rank()));
    std::atomic<int> done = 0;
    const int64_t before = comm.sent_bytes();
    const int tag = comm.NewTags(2);
    // What arrived is sent back as it is, from done().
    comm.Start(tag, {{other, Bytes(out)}}, {{other, Bytes(in)}}, [&] {
      ++done;
      comm.Start(tag + 1, {{other, Bytes(in)}}, {{other, Bytes(back)}}, [&] { ++done; });
    });
    comm.Start(comm.NewTags(1), {}, {}, [&] { ++done; });  // nothing to move
    comm.Wait();
    EXPECT_EQ(done, 3);
    EXPECT_EQ(back, out);
    EXPECT_EQ(in.front(), static_cast<float>(100 * other));
    EXPECT_EQ(comm.sent_bytes() - before, 2 * 20'000);
  });
}

TEST(CommunicatorTest, LettersArriveFromEveryoneInOrder) {
  RunRanks(3, [](Communicator& comm) {
    if (comm.rank() > 0) {
      for (int i = 0; i < 50; ++i) comm.Send(0, std::string(static_cast<size_t>(i) * 100, 'a'));
      EXPECT_EQ(comm.NextLetter().text, "thanks");
      return;
    }
    std::vector<size_t> next(3);
    comm.Send(0, "to myself");
    for (int i = 0; i < 101; ++i) {
      const Communicator::Letter letter = comm.NextLetter();
      if (letter.from == 0) {
        EXPECT_EQ(letter.text, "to myself");
        continue;
      }
      EXPECT_EQ(letter.text.size(), 100 * next[static_cast<size_t>(letter.from)]++);
    }
    for (const int to : {1, 2}) comm.Send(to, "thanks");
  });
}

TEST(CommunicatorTest, TagsOfManyTransfersNeverCollide) {
  Communicator alone;
  int last = -1;
  for (int i = 0; i < 3 * (Transport::kMostTag / 1000); ++i) {
    const int tag = alone.NewTags(1000);
    EXPECT_NE(tag, last);
    ASSERT_LE(tag + 1000, Transport::kMostTag - 1) << "that is the tag of letters";
    last = tag;
  }
}

TEST(CommunicatorTest, ARankThatFallsSilentIsNamedAndEndsTheRun) {
  const auto hub = std::make_shared<LocalTransport::Hub>(3);
  std::array<std::string, 3> said;  // by the rank that noticed
  testing::internal::CaptureStderr();
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 3; ++rank) {
    threads.emplace_back([&, rank] {
      Communicator comm([&] { return std::make_unique<LocalTransport>(hub, rank); }, /*patience=*/3,
                        [&said, rank](const std::string& line) { said[static_cast<size_t>(rank)] = line; });
      if (rank == 1) return;  // gone, without Leave()
      while (!hub->aborted) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    });
  }
  const auto start = std::chrono::steady_clock::now();
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_THAT(said[2], AllOf(HasSubstr("rank 1 on "), HasSubstr("start again, a training with `resume`")));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "who gives a place for it decides where it goes";
  EXPECT_GT(took.count(), 2);
  EXPECT_LT(took.count(), 8);
}

TEST(CommunicatorTest, ARankThatFallsSilentWhileAllLeaveIsNamedToo) {
  const auto hub = std::make_shared<LocalTransport::Hub>(2);
  testing::internal::CaptureStderr();
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 2; ++rank) {
    threads.emplace_back([&, rank] {
      Communicator comm([&] { return std::make_unique<LocalTransport>(hub, rank); }, /*patience=*/1.5);
      if (rank == 0) return comm.Leave();
      comm.AllGather({});  // as Leave() begins; and then nothing more
      comm.Abandon();
      while (!hub->aborted) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("has given no sign of life for 2 s"));
  EXPECT_TRUE(hub->aborted);
}

// Within MPI_Init and MPI_Finalize only the process itself can be ended; its launcher then ends the others.
TEST(CommunicatorDeathTest, JoiningHasALimitOfTime) {
  const auto join = [] {
    Communicator(
        []() -> std::unique_ptr<Transport> {
          std::this_thread::sleep_for(std::chrono::hours(1));
          return nullptr;
        },
        /*patience=*/1);
  };
  EXPECT_EXIT(join(), testing::ExitedWithCode(1),
              "rank 0 has waited 1 s for the other processes to join, and the run ends; were all started");
}

TEST(CommunicatorDeathTest, LeavingHasALimitOfTime) {
  class StuckAtTheEnd : public LocalTransport {
   public:
    using LocalTransport::LocalTransport;
    void Finish() override { std::this_thread::sleep_for(std::chrono::hours(1)); }
  };
  const auto leave = [] {
    const auto hub = std::make_shared<LocalTransport::Hub>(2);
    const auto run = [&](int rank) {
      Communicator comm([&, rank] { return std::make_unique<StuckAtTheEnd>(hub, rank); }, /*patience=*/0.5);
      comm.Leave();
    };
    std::thread other(run, 1);
    run(0);
    other.join();
  };
  EXPECT_EXIT(leave(), testing::ExitedWithCode(1),
              "all is done and saved, but rank [01] on .* has waited 2 s for the other processes to end");
}

TEST(WaitTimerTest, APauseOfTheProcessItselfDoesNotCount) {
  WaitTimer timer;
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_GE(timer.Seconds(), 0.3);
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));  // as if it were suspended
  EXPECT_LT(timer.Seconds(), 0.3);
}

TEST(CommunicatorTest, ErrorsOfTheTransportsMakerArePassedOn) {
  EXPECT_THROW(Communicator([]() -> std::unique_ptr<Transport> { throw Error("no network"); }), Error);
  const Communicator alone([]() -> std::unique_ptr<Transport> { return nullptr; });
  EXPECT_EQ(alone.size(), 1);
}

TEST(PackedStringsTest, ComeBackWhateverTheyHold) {
  const std::vector<std::string> strings = {"a\nb", "", std::string("\0\xFF", 2), "end"};
  EXPECT_EQ(UnpackStrings(PackStrings(strings)), strings);
  EXPECT_THAT(UnpackStrings(""), IsEmpty());
}

}  // namespace
}  // namespace dragoman
