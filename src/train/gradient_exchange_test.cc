// SPDX-License-Identifier: Apache-2.0
#include "train/gradient_exchange.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

#include "base/rng.h"
#include "comm/local_transport_testing.h"
#include "kernels/elementwise.h"

namespace dragoman {
namespace {

constexpr int kWorkers = 2;

struct Case {
  int ranks;
  int64_t size, bucket;
};
// Several buckets and an odd rest; fewer lines than ranks in some; more buckets than are received at a time.
const Case kCases[] = {{2, 16 * 100, 16 * 7}, {3, 16 * 50, 16 * 2}, {4, 16 * 5, 16 * 64}, {5, 16 * 40, 16 * 3}};

std::vector<FlatBuffer> RandomGradients(int rank, int64_t size) {
  std::vector<FlatBuffer> gradients;
  for (int worker = 0; worker < kWorkers; ++worker) {
    Rng rng(static_cast<uint64_t>(100 * rank + worker));
    for (float& g : gradients.emplace_back(size).span()) g = static_cast<float>(rng.Normal());
  }
  return gradients;
}

// Over workers, then over ranks, in order.
std::vector<float> ExpectedSum(const Case& c) {
  std::vector<float> total(static_cast<size_t>(c.size));
  for (int rank = 0; rank < c.ranks; ++rank) {
    const std::vector<FlatBuffer> gradients = RandomGradients(rank, c.size);
    for (size_t i = 0; i < total.size(); ++i) {
      const float sum = gradients[0].data()[i] + gradients[1].data()[i];
      total[i] = rank == 0 ? sum : total[i] + sum;
    }
  }
  return total;
}

bool SameBits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

// The backward pass: workers' gradients become final from the end to the beginning, one worker ahead of the other.
void MarkAllFinal(GradientExchange& exchange, int64_t size) {
  for (int64_t offset = size; offset > 0; offset -= 80) {
    exchange.MarkFinal(1, std::max<int64_t>(0, offset - 160));
    exchange.MarkFinal(0, offset);
  }
}

TEST(GradientExchangeTest, EveryRankGetsTheSumInTheOrderOfRanks) {
  for (const Case& c : kCases) {
    const std::vector<float> want = ExpectedSum(c);
    for (const bool overlap : {true, false}) {
      RunRanks(c.ranks, [&](Communicator& comm) {
        GradientExchange exchange(comm, c.size, kWorkers, {.overlap = overlap, .bucket_floats = c.bucket});
        double squares = 0;
        for (int update = 0; update < 3; ++update) {
          std::vector<FlatBuffer> gradients = RandomGradients(comm.rank(), c.size);
          exchange.Begin(gradients);
          MarkAllFinal(exchange, c.size);
          squares = exchange.Finish();
          EXPECT_TRUE(SameBits(gradients[0].span(), want)) << c.ranks << " ranks, update " << update;
        }
        double total = 0;
        for (const double part : comm.AllGather({&squares, 1})) total += part;
        EXPECT_NEAR(total / kernels::SumOfSquares(want), 1, 1e-12);
      });
    }
  }
}

TEST(GradientExchangeTest, ShardedEachRankOwnsItsPartAndAllPartsAreEverything) {
  for (const Case& c : kCases) {
    const std::vector<float> want = ExpectedSum(c);
    std::mutex mutex;
    std::vector<int> owners(static_cast<size_t>(c.size));
    RunRanks(c.ranks, [&](Communicator& comm) {
      GradientExchange exchange(comm, c.size, kWorkers, {.shard = true, .bucket_floats = c.bucket});
      std::vector<FlatBuffer> gradients = RandomGradients(comm.rank(), c.size);
      exchange.Begin(gradients);
      MarkAllFinal(exchange, c.size);
      exchange.Finish();
      FlatBuffer only_own(c.size), first_only(c.size);
      for (const FlatRange& range : exchange.owned()) {
        for (auto i = static_cast<size_t>(range.begin); i < static_cast<size_t>(range.end); ++i) {
          EXPECT_EQ(gradients[0].data()[i], want[i]);
          only_own.data()[i] = first_only.data()[i] = want[i];
          const std::lock_guard lock(mutex);
          ++owners[i];
        }
      }
      exchange.Share(only_own.span(), /*to_all=*/true);
      EXPECT_TRUE(SameBits(only_own.span(), want));
      exchange.Share(first_only.span(), /*to_all=*/false);
      EXPECT_EQ(SameBits(first_only.span(), want), comm.rank() == 0) << "rank " << comm.rank();
    });
    EXPECT_EQ(owners, std::vector<int>(owners.size(), 1));
  }
}

TEST(GradientExchangeTest, NothingIsSentBeforeAllWorkersAreDoneWithIt) {
  RunRanks(2, [](Communicator& comm) {
    constexpr int64_t kSize = 16 * 64;
    GradientExchange exchange(comm, kSize, kWorkers, {.bucket_floats = 16 * 16});
    std::vector<FlatBuffer> gradients = RandomGradients(comm.rank(), kSize);
    exchange.Begin(gradients);
    const int64_t before = comm.sent_bytes();
    exchange.MarkFinal(0, 0);  // one worker is quick
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(comm.sent_bytes(), before);
    exchange.MarkFinal(1, kSize / 2);
    comm.Wait();
    const int64_t half = comm.sent_bytes() - before;
    EXPECT_EQ(half, kSize / 2 * 4) << "half of half the buffer scattered, and as much gathered";
    exchange.Finish();
    EXPECT_EQ(comm.sent_bytes() - before, 2 * half);
  });
}

}  // namespace
}  // namespace dragoman
