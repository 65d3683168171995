// SPDX-License-Identifier: Apache-2.0
// Lines that are translated with the same options, or scored, and who waits for them.
#ifndef DRAGOMAN_DECODE_TEXT_JOB_H_
#define DRAGOMAN_DECODE_TEXT_JOB_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "decode/options.h"
#include "dragoman/translation.h"

namespace dragoman {

struct TextWork {
  std::vector<std::string> sources;
  DecodeOptions options;
  int64_t first_line = 0;  // the first one's number in the whole input: samples are drawn by it
  std::optional<std::vector<std::string>> targets;  // as many, to be scored; none: to be found
};

// Any thread may call what is public, unless it says otherwise.
class TextJob {
 public:
  // Throws OptionError.
  explicit TextJob(TextWork work, JobCallbacks callbacks = {});

  // For whoever asked.
  size_t lines() const { return work_.sources.size(); }
  size_t lines_done() const;
  void Wait() const;  // until it is over
  bool WaitFor(std::chrono::milliseconds timeout) const;
  std::vector<TranslatedLine> TakeTranslations();  // each waits; once; throws what the job ended with
  std::vector<PairScore> TakeScores();
  void Cancel();

  // For whoever works on it.
  const TextWork& work() const { return work_; }
  bool is_over() const { return is_over_; }  // all lines are done, or none needs to be any more
  bool is_watched() const { return !!callbacks_.on_settled; }
  size_t waiting() const { return order_.size() - next_; }  // lines that nobody has begun; by one thread at a time
  std::optional<size_t> BeginLine();                        // likewise: the one to begin with next
  void Tell(size_t line, const std::string& settled);
  void Deliver(size_t line, const TranslatedLine& found);
  void Deliver(size_t line, PairScore found);
  void Fail(const std::exception_ptr& error);  // of several errors the first counts

 private:
  void WaitForResults();
  void Count(size_t delivered);
  template <class Visit>
  void ForEachEqual(size_t line, Visit visit);

  const TextWork work_;
  const JobCallbacks callbacks_;
  std::vector<size_t> next_equal_;  // [lines]: the next line of the same text, which is translated once; or kNone
  std::vector<size_t> order_;       // to begin in: of equal lines the first
  size_t next_ = 0;                 // of order_
  std::vector<TranslatedLine> translations_;
  std::vector<PairScore> scores_;

  std::atomic<bool> is_over_;
  mutable std::mutex mutex_;
  mutable std::condition_variable over_;
  size_t done_ = 0;           // guarded by mutex_; lines
  std::exception_ptr error_;  // guarded by mutex_
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_TEXT_JOB_H_
