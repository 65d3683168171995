// SPDX-License-Identifier: Apache-2.0
#include "decode/text_job.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace dragoman {
namespace {

constexpr size_t kNone = std::numeric_limits<size_t>::max();

}  // namespace

TextJob::TextJob(TextWork work, JobCallbacks callbacks)
    : work_(std::move(work)),
      callbacks_(std::move(callbacks)),
      next_equal_(lines(), kNone),
      translations_(work_.targets ? 0 : lines()),
      scores_(work_.targets ? lines() : 0),
      is_over_(lines() == 0) {
  work_.options.Validate();
  DRAGOMAN_CHECK(!work_.targets || work_.targets->size() == lines());
  // What is found for a line is found for its equals; but samples are each its own.
  std::unordered_map<std::string_view, size_t> latest;
  for (size_t i = 0; i < lines(); ++i) {
    if (!work_.options.sample && !work_.targets) {
      const auto [equal, is_first] = latest.try_emplace(work_.sources[i], i);
      if (!is_first) {
        next_equal_[std::exchange(equal->second, i)] = i;
        continue;
      }
    }
    order_.push_back(i);
  }
  // The longest first: they take the most steps, and in the end no engine is left with a few of them alone.
  const auto bytes = [&](size_t i) {
    return work_.sources[i].size() + (work_.targets ? (*work_.targets)[i].size() : 0);
  };
  std::ranges::stable_sort(order_, std::ranges::greater(), bytes);
}

size_t TextJob::lines_done() const {
  const std::lock_guard lock(mutex_);
  return done_;
}

void TextJob::Wait() const {
  std::unique_lock lock(mutex_);
  over_.wait(lock, [&] { return is_over_.load(); });
}

bool TextJob::WaitFor(std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return over_.wait_for(lock, timeout, [&] { return is_over_.load(); });
}

void TextJob::WaitForResults() {
  Wait();
  const std::lock_guard lock(mutex_);
  if (error_) std::rethrow_exception(error_);
}

std::vector<TranslatedLine> TextJob::TakeTranslations() {
  WaitForResults();
  return std::move(translations_);
}

std::vector<PairScore> TextJob::TakeScores() {
  WaitForResults();
  return std::move(scores_);
}

void TextJob::Cancel() { Fail(std::make_exception_ptr(CancelledError("the job was cancelled"))); }

void TextJob::Fail(const std::exception_ptr& error) {
  const std::lock_guard lock(mutex_);
  if (is_over_) return;
  error_ = error;
  is_over_ = true;
  over_.notify_all();
}

std::optional<size_t> TextJob::BeginLine() {
  if (is_over_ || next_ == order_.size()) return std::nullopt;
  return order_[next_++];
}

// visit(each line of the same text). What it throws ends the job.
template <class Visit>
void TextJob::ForEachEqual(size_t line, Visit visit) {
  if (is_over_) return;
  try {
    for (size_t equal = line; equal != kNone; equal = next_equal_[equal]) visit(equal);
  } catch (...) {
    Fail(std::current_exception());
  }
}

void TextJob::Tell(size_t line, const std::string& settled) {
  ForEachEqual(line, [&](size_t equal) { callbacks_.on_settled(equal, settled); });
}

void TextJob::Deliver(size_t line, const TranslatedLine& found) {
  size_t delivered = 0;
  ForEachEqual(line, [&](size_t equal) {
    translations_[equal] = found;
    if (callbacks_.on_line) callbacks_.on_line(equal, found);
    ++delivered;
  });
  Count(delivered);
}

void TextJob::Deliver(size_t line, PairScore found) {
  if (is_over_) return;
  scores_[line] = std::move(found);
  Count(1);
}

void TextJob::Count(size_t delivered) {
  const std::lock_guard lock(mutex_);
  done_ += delivered;
  if (done_ < lines()) return;
  is_over_ = true;
  over_.notify_all();
}

}  // namespace dragoman
