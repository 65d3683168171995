// SPDX-License-Identifier: Apache-2.0
#include "text/sentence_sample.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace dragoman {

SentenceSample::SentenceSample(int64_t max_sentences, int64_t max_bytes)
    : max_sentences_(max_sentences), max_bytes_(max_bytes) {}

bool SentenceSample::Full(int64_t sentences, int64_t bytes) const {
  return (max_sentences_ > 0 && sentences > max_sentences_) || (max_bytes_ > 0 && bytes > max_bytes_);
}

void SentenceSample::Add(std::string_view sentence) {
  const int64_t number = seen_++;
  const uint64_t priority = HashCombine(0x73616d706c65, static_cast<uint64_t>(number));
  if (priority >= cut_) return;
  heap_.push_back({priority, number, std::string(sentence)});
  std::push_heap(heap_.begin(), heap_.end());
  bytes_ += static_cast<int64_t>(sentence.size());
  while (heap_.size() > 1 && Full(kept(), bytes_)) {
    std::pop_heap(heap_.begin(), heap_.end());
    cut_ = heap_.back().priority;
    bytes_ -= static_cast<int64_t>(heap_.back().text.size());
    heap_.pop_back();
  }
}

std::vector<std::string> SentenceSample::Take() {
  std::sort(heap_.begin(), heap_.end(), [](const Entry& a, const Entry& b) { return a.number < b.number; });
  std::vector<std::string> sentences;
  sentences.reserve(heap_.size());
  for (Entry& entry : heap_) sentences.push_back(std::move(entry.text));
  *this = SentenceSample(max_sentences_, max_bytes_);
  return sentences;
}

}  // namespace dragoman
