// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

// Counts every allocation of this program, so that a test can show that Run makes none.
namespace {
std::atomic<int64_t> allocations{0};
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace dragoman {
namespace {

TEST(WorkerPoolTest, RunsEveryWorkerOnceAtTheSameTime) {
  constexpr int kWorkers = 4;
  WorkerPool pool(kWorkers);
  EXPECT_EQ(pool.workers(), kWorkers);
  for (int round = 0; round < 200; ++round) {
    std::vector<int> calls(kWorkers, 0);
    std::atomic<int> arrived{0};
    pool.Run([&](int worker) {
      ++calls[worker];
      ++arrived;
      while (arrived < kWorkers) std::this_thread::yield();  // would hang if the workers ran one after another
    });
    EXPECT_EQ(calls, std::vector<int>(kWorkers, 1));
  }
}

TEST(WorkerPoolTest, WorkerKeepsItsThreadAndWorkerZeroIsTheCaller) {
  WorkerPool pool(3);
  std::vector<std::thread::id> first(3), later(3);
  pool.Run([&](int worker) { first[worker] = std::this_thread::get_id(); });
  for (int round = 0; round < 20; ++round) {
    pool.Run([&](int worker) { later[worker] = std::this_thread::get_id(); });
    EXPECT_EQ(later, first);
  }
  EXPECT_EQ(first[0], std::this_thread::get_id());
  EXPECT_EQ(std::set<std::thread::id>(first.begin(), first.end()).size(), 3u);
}

TEST(WorkerPoolTest, ExceptionOfTheLowestWorkerIsThrownAfterAllHaveFinished) {
  WorkerPool pool(4);
  std::atomic<int> finished{0};
  try {
    pool.Run([&](int worker) {
      if (worker == 1) std::this_thread::sleep_for(std::chrono::milliseconds(20));  // later than worker 3's
      ++finished;
      if (worker % 2 == 1) throw std::runtime_error("worker " + std::to_string(worker));
    });
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "worker 1");
  }
  EXPECT_EQ(finished, 4);
  EXPECT_THROW(pool.Run([](int worker) {
    if (worker == 0) throw std::runtime_error("the caller's own share");
  }),
               std::runtime_error);
  EXPECT_NO_THROW(pool.Run([](int) {}));  // an old exception is not thrown again
}

TEST(WorkerPoolTest, RunInsideRunIsAnErrorNotADeadlock) {
  WorkerPool pool(2);
  EXPECT_THROW(pool.Run([&](int worker) {
    if (worker == 0) pool.Run([](int) {});
  }),
               InternalError);
}

TEST(WorkerPoolTest, RunAllocatesNothing) {
  WorkerPool pool(3);
  std::vector<int64_t> sums(3);
  const std::function<void(int)> fn = [&](int worker) { sums[worker] += worker; };
  pool.Run(fn);
  const int64_t before = allocations;
  for (int round = 0; round < 100; ++round) pool.Run(fn);
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(sums, (std::vector<int64_t>{0, 101, 202}));
}

}  // namespace
}  // namespace dragoman
