// SPDX-License-Identifier: Apache-2.0
#include "train/gradient_exchange.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/check.h"
#include "kernels/elementwise.h"
#include "tensor/cache_line.h"

namespace dragoman {
namespace {

constexpr int kBucketsReceived = 4;  // at a time: the most whose parts of other ranks are in memory

using Transfers = std::vector<Communicator::Transfer>;

}  // namespace

GradientExchange::GradientExchange(Communicator& comm, int64_t size, int workers, const ExchangeOptions& options)
    : comm_(comm), options_(options), final_from_(static_cast<size_t>(workers)) {
  DRAGOMAN_CHECK(comm.size() > 1 && size % kLineFloats == 0 && options.bucket_floats % kLineFloats == 0);
  for (int64_t end = size; end > 0; end -= std::min(end, options.bucket_floats)) {
    buckets_.push_back({std::max<int64_t>(0, end - options.bucket_floats), end});
    const FlatRange part = PartOf(buckets_.back(), comm.rank(), comm.size());
    if (part.size() > 0) owned_.push_back(part);
  }
  squares_.resize(buckets_.size());
  tags_.resize(buckets_.size());
  const FlatRange largest = PartOf(buckets_.front(), comm.size() - 1, comm.size());
  for (int i = 0; i < kBucketsReceived; ++i) {
    spare_.emplace_back((largest.size() + kLineFloats) * (comm.size() - 1));
  }
}

GradientExchange::~GradientExchange() {
  if (!gradients_.empty()) comm_.Abandon();  // its thread still writes there
}

std::span<float> GradientExchange::Part(size_t bucket, int rank) const {
  const FlatRange part = PartOf(buckets_[bucket], rank, comm_.size());
  return gradients_[0].span().subspan(static_cast<size_t>(part.begin), static_cast<size_t>(part.size()));
}

void GradientExchange::Begin(std::span<FlatBuffer> gradients) {
  gradients_ = gradients;
  const std::lock_guard lock(mutex_);
  started_ = 0;
  std::ranges::fill(final_from_, buckets_.front().end);
}

void GradientExchange::MarkFinal(int worker, int64_t offset) {
  const std::lock_guard lock(mutex_);
  int64_t& from = final_from_[static_cast<size_t>(worker)];
  from = std::min(from, offset);
  if (options_.overlap) StartFinalBuckets();
}

void GradientExchange::StartFinalBuckets() {
  const int64_t final_from = *std::ranges::max_element(final_from_);
  for (; started_ < buckets_.size() && buckets_[started_].begin >= final_from; ++started_) {
    const size_t bucket = started_;
    tags_[bucket] = comm_.NewTags(2);
    comm_.Start(/*tag=*/0, {}, {}, [this, bucket] { SumWorkers(bucket); });
  }
}

void GradientExchange::SumWorkers(size_t bucket) {
  const FlatRange& b = buckets_[bucket];
  const auto in = [&](FlatBuffer& buffer) {
    return buffer.span().subspan(static_cast<size_t>(b.begin), static_cast<size_t>(b.end - b.begin));
  };
  for (FlatBuffer& other : gradients_.subspan(1)) kernels::AddTo(in(other), in(gradients_[0]));
  if (spare_.empty()) {
    waiting_.push_back(bucket);
  } else {
    StartScatter(bucket);
  }
}

void GradientExchange::StartScatter(size_t bucket) {
  auto received = std::make_shared<FlatBuffer>(std::move(spare_.back()));
  spare_.pop_back();
  const std::span<float> own = Part(bucket, comm_.rank());
  Transfers sends, receives;
  size_t slot = 0;
  for (int rank = 0; rank < comm_.size(); ++rank) {
    if (rank == comm_.rank()) continue;
    const std::span<float> theirs = Part(bucket, rank);
    if (!theirs.empty()) sends.push_back({rank, std::as_writable_bytes(theirs)});
    if (!own.empty()) {
      receives.push_back({rank, std::as_writable_bytes(received->span().subspan(own.size() * slot++, own.size()))});
    }
  }
  comm_.Start(tags_[bucket], std::move(sends), std::move(receives),
              [this, bucket, received] { SumRanks(bucket, std::move(*received)); });
}

// In the order of ranks, whichever this one is: (0 + 1) + 2 + ...
void GradientExchange::SumRanks(size_t bucket, FlatBuffer received) {
  const std::span<float> own = Part(bucket, comm_.rank());
  const auto part = [&](int slot) {
    return received.span().subspan(own.size() * static_cast<size_t>(slot), own.size());
  };
  const int before = comm_.rank(), others = comm_.size() - 1;
  for (int slot = 1; slot < before; ++slot) kernels::AddTo(part(slot), part(0));
  if (before > 0) kernels::AddTo(part(0), own);  // a + b is b + a, to the bit
  for (int slot = before; slot < others; ++slot) kernels::AddTo(part(slot), own);
  squares_[bucket] = kernels::SumOfSquares(own);
  if (!options_.shard) StartGather(bucket, tags_[bucket] + 1, gradients_[0].span(), /*to_all=*/true);
  spare_.push_back(std::move(received));
  if (waiting_.empty()) return;
  const size_t next = waiting_.front();
  waiting_.pop_front();
  StartScatter(next);
}

void GradientExchange::StartGather(size_t bucket, int tag, std::span<float> values, bool to_all) {
  const auto part = [&](int rank) {
    const FlatRange range = PartOf(buckets_[bucket], rank, comm_.size());
    return std::as_writable_bytes(
        values.subspan(static_cast<size_t>(range.begin), static_cast<size_t>(range.end - range.begin)));
  };
  const std::span<std::byte> own = part(comm_.rank());
  Transfers sends, receives;
  for (int rank = 0; rank < comm_.size(); ++rank) {
    if (rank == comm_.rank()) continue;
    const std::span<std::byte> theirs = part(rank);
    if (!own.empty() && (to_all || rank == 0)) sends.push_back({rank, own});
    if (!theirs.empty() && (to_all || comm_.rank() == 0)) receives.push_back({rank, theirs});
  }
  comm_.Start(tag, std::move(sends), std::move(receives), [] {});
}

double GradientExchange::Finish() {
  {
    const std::lock_guard lock(mutex_);
    std::ranges::fill(final_from_, 0);
    StartFinalBuckets();
  }
  comm_.Wait();
  gradients_ = {};
  double squares = 0;
  for (const double part : squares_) squares += part;
  return squares;
}

void GradientExchange::Share(std::span<float> values, bool to_all) {
  if (values.empty()) return;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) StartGather(bucket, comm_.NewTags(1), values, to_all);
  comm_.Wait();
}

}  // namespace dragoman
