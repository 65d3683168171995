// SPDX-License-Identifier: Apache-2.0
// A random sample of a stream of sentences that fits into a number of sentences and of bytes: how a vocabulary is
// trained from a corpus of any size in bounded memory.
#ifndef DRAGOMAN_TEXT_SENTENCE_SAMPLE_H_
#define DRAGOMAN_TEXT_SENTENCE_SAMPLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dragoman {

// Keeps the sentences whose hashed number is smallest, as many as fit: a uniform sample that depends on the stream and
// on nothing else. A limit of 0 is no limit.
class SentenceSample {
 public:
  SentenceSample(int64_t max_sentences, int64_t max_bytes);

  void Add(std::string_view sentence);

  int64_t seen() const { return seen_; }
  int64_t kept() const { return static_cast<int64_t>(heap_.size()); }
  int64_t kept_bytes() const { return bytes_; }

  // Returns the sample in the stream's order, and leaves this object empty.
  std::vector<std::string> Take();

 private:
  struct Entry {
    uint64_t priority;
    int64_t number;
    std::string text;
    bool operator<(const Entry& other) const { return priority < other.priority; }
  };
  bool Full(int64_t sentences, int64_t bytes) const;

  int64_t max_sentences_;
  int64_t max_bytes_;
  int64_t seen_ = 0;
  int64_t bytes_ = 0;
  uint64_t cut_ = UINT64_MAX;  // sentences of this priority and above have no chance any more
  std::vector<Entry> heap_;    // the largest priority first
};

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_SENTENCE_SAMPLE_H_
