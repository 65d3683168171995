// SPDX-License-Identifier: Apache-2.0
// Ranks that are threads of one process, joined by queues in memory. For tests.
#ifndef DRAGOMAN_COMM_LOCAL_TRANSPORT_TESTING_H_
#define DRAGOMAN_COMM_LOCAL_TRANSPORT_TESTING_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "base/check.h"
#include "comm/communicator.h"
#include "comm/transport.h"

namespace dragoman {

class LocalTransport : public Transport {
 public:
  // What all ranks share.
  struct Hub {
    explicit Hub(int ranks) : size(ranks) {}
    const int size;
    std::mutex mutex;
    std::map<std::tuple<int, int, int>, std::deque<std::string>> queues;  // by to, tag and from
    std::atomic<bool> aborted = false;
  };

  LocalTransport(std::shared_ptr<Hub> hub, int rank) : hub_(std::move(hub)), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return hub_->size; }
  int local_size() const override { return hub_->size; }

  Ticket Send(int to, int tag, std::span<const std::byte> bytes) override {
    const std::lock_guard lock(hub_->mutex);
    hub_->queues[{to, tag, rank_}].emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return Keep(std::nullopt);
  }
  Ticket Receive(int from, int tag, std::span<std::byte> bytes) override {
    const Pending pending{from, tag, bytes};
    return TryReceive(pending) ? Keep(std::nullopt) : Keep(pending);
  }

  bool IsDone(Ticket ticket) override {
    const auto found = pending_.find(ticket);
    DRAGOMAN_CHECK(found != pending_.end());
    if (found->second && !TryReceive(*found->second)) return false;
    pending_.erase(found);
    return true;
  }

  std::optional<Waiting> Probe(int tag) override {
    const std::lock_guard lock(hub_->mutex);
    for (int from = 0; from < hub_->size; ++from) {
      const auto queue = hub_->queues.find({rank_, tag, from});
      if (queue != hub_->queues.end() && !queue->second.empty()) return Waiting{from, queue->second.front().size()};
    }
    return std::nullopt;
  }

  void Finish() override {}
  void Abort() override { hub_->aborted = true; }

 private:
  struct Pending {
    int from, tag;
    std::span<std::byte> bytes;
  };

  Ticket Keep(std::optional<Pending> pending) {
    pending_[++last_] = pending;
    return last_;
  }
  bool TryReceive(const Pending& pending) {
    const std::lock_guard lock(hub_->mutex);
    const auto queue = hub_->queues.find({rank_, pending.tag, pending.from});
    if (queue == hub_->queues.end() || queue->second.empty()) return false;
    const std::string bytes = std::move(queue->second.front());
    queue->second.pop_front();
    DRAGOMAN_CHECK(bytes.size() == pending.bytes.size());
    std::copy_n(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), pending.bytes.begin());
    return true;
  }

  std::shared_ptr<Hub> hub_;
  int rank_;
  Ticket last_ = 0;
  std::map<Ticket, std::optional<Pending>> pending_;  // without a value: done
};

// Runs fn once a rank, all at the same time, each with its Communicator.
inline void RunRanks(int ranks, const std::function<void(Communicator&)>& fn) {
  const auto hub = std::make_shared<LocalTransport::Hub>(ranks);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&, rank] {
      Communicator comm([&] { return std::make_unique<LocalTransport>(hub, rank); });
      fn(comm);
      comm.Leave();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace dragoman

#endif  // DRAGOMAN_COMM_LOCAL_TRANSPORT_TESTING_H_
