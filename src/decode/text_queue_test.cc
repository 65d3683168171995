// SPDX-License-Identifier: Apache-2.0
#include "decode/text_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

namespace dragoman {
namespace {

using testing::ElementsAre;

std::shared_ptr<TextJob> JobOf(std::vector<std::string> sources, const DecodeOptions& options = {}) {
  return std::make_shared<TextJob>(TextWork{std::move(sources), options, 0, {}});
}

TranslatedLine LineOf(const std::string& text) {
  TranslatedLine line;
  line.n_best.push_back({text});
  return line;
}

TEST(TextQueueTest, JobsTakeTurns) {
  TextQueue queue(1);
  const auto book = JobOf({"one", "two", "three", "four"}), letter = JobOf({"five", "six"});
  queue.Add(book);
  queue.Add(letter);
  std::vector<const TextJob*> turns;
  while (const auto task = queue.Take()) turns.push_back(task->job.get());
  const TextJob *b = book.get(), *l = letter.get();
  EXPECT_THAT(turns, ElementsAre(b, l, b, l, b, b));
}

TEST(TextQueueTest, TheLongestLinesOfAJobComeFirst) {
  TextQueue queue(1);
  queue.Add(JobOf({"1", "333", "", "22", "333 "}));
  std::vector<size_t> order;
  while (const auto task = queue.Take()) order.push_back(task->line);
  EXPECT_THAT(order, ElementsAre(4, 1, 3, 0, 2));
}

TEST(TextQueueTest, AWorkersShareLeavesSomeForTheOthers) {
  TextQueue queue(3);
  EXPECT_EQ(queue.Share(/*wait=*/false), 0u);
  queue.Add(JobOf({"1", "2", "3", "4"}));
  queue.Add(JobOf({"5", "6", "7"}));
  EXPECT_EQ(queue.Share(false), 3u);  // of 7
  queue.Take();
  EXPECT_EQ(queue.Share(true), 2u);
}

TEST(TextQueueTest, CancelledAndFailedJobsAreSkipped) {
  TextQueue queue(1);
  const auto cancelled = JobOf({"1", "2"}), failed = JobOf({"3"}), good = JobOf({"4"});
  for (const auto& job : {cancelled, failed, good}) queue.Add(job);
  cancelled->Cancel();
  failed->Fail(std::make_exception_ptr(Error("no")));
  EXPECT_EQ(queue.Share(false), 1u);
  EXPECT_EQ(queue.Take()->job, good);
  EXPECT_EQ(queue.Take(), std::nullopt);
  EXPECT_THROW(failed->TakeTranslations(), Error);
}

TEST(TextQueueTest, CloseEndsWhoWaitsAndWhatWaits) {
  TextQueue queue(1);
  std::atomic<bool> is_back = false;
  std::thread worker([&] {
    EXPECT_EQ(queue.Share(/*wait=*/true), 1u);
    queue.Take();
    EXPECT_EQ(queue.Share(/*wait=*/true), 0u);
    is_back = true;
  });
  queue.Add(JobOf({"1"}));
  while (queue.Share(false) > 0) std::this_thread::yield();
  EXPECT_FALSE(is_back);
  queue.Close();
  worker.join();
  EXPECT_TRUE(queue.is_closed());
  const auto late = JobOf({"2"});
  queue.Add(late);
  try {
    late->TakeTranslations();
    ADD_FAILURE() << "nobody translates it";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
}

TEST(TextJobTest, EqualLinesAreFoundOnceAndToldEach) {
  std::vector<std::string> told;
  JobCallbacks callbacks;
  callbacks.on_line = [&](size_t line, const TranslatedLine& found) {
    told.push_back(std::to_string(line) + found.n_best.front().text);
  };
  TextJob job({{"a", "bb", "a", "a"}, {}, 0, {}}, callbacks);
  EXPECT_EQ(job.waiting(), 2u);
  EXPECT_EQ(job.BeginLine(), 1u);
  EXPECT_EQ(job.BeginLine(), 0u);
  EXPECT_EQ(job.BeginLine(), std::nullopt);
  job.Deliver(0, LineOf("A"));
  EXPECT_EQ(job.lines_done(), 3u);
  EXPECT_FALSE(job.WaitFor(std::chrono::milliseconds(0)));
  job.Deliver(1, LineOf("BB"));
  EXPECT_TRUE(job.WaitFor(std::chrono::milliseconds(0)));
  EXPECT_THAT(told, ElementsAre("0A", "2A", "3A", "1BB"));
  const auto lines = job.TakeTranslations();
  EXPECT_EQ(lines[3].n_best.front().text, "A");
}

TEST(TextJobTest, SamplesOfEqualLinesAreEachTheirOwn) {
  DecodeOptions sample;
  sample.sample = true;
  EXPECT_EQ(JobOf({"a", "a", "a"}, sample)->waiting(), 3u);
}

TEST(TextJobTest, WithoutLinesItIsOver) {
  EXPECT_TRUE(JobOf({})->is_over());
  EXPECT_TRUE(JobOf({})->TakeTranslations().empty());
}

TEST(TextJobTest, WhatACallbackThrowsEndsTheJob) {
  JobCallbacks callbacks;
  callbacks.on_line = [](size_t, const TranslatedLine&) { throw std::runtime_error("the pipe is closed"); };
  TextJob job({{"a", "b"}, {}, 0, {}}, callbacks);
  job.Deliver(0, LineOf("A"));
  EXPECT_TRUE(job.is_over());
  job.Deliver(1, LineOf("B"));  // too late: nobody is told
  EXPECT_THAT([&] { job.TakeTranslations(); },
              testing::ThrowsMessage<std::runtime_error>(testing::HasSubstr("the pipe is closed")));
}

TEST(TextJobTest, OptionsAreCheckedAtOnce) { EXPECT_THROW(JobOf({"a"}, {.beam_size = 0}), OptionError); }

}  // namespace
}  // namespace dragoman
