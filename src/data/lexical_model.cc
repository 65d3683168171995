// SPDX-License-Identifier: Apache-2.0
#include "data/lexical_model.h"

#include <algorithm>
#include <functional>

#include "base/check.h"

namespace dragoman {
namespace {

std::span<const int32_t> SentenceOf(const PackedTokens& tokens, int64_t s) {
  return tokens.ids.subspan(static_cast<size_t>(tokens.packing.Begin(s)),
                            static_cast<size_t>(tokens.packing.Length(s)));
}

// Target tokens that stood beside a source token. Sorted and without doubles now and then, so that it does not grow
// with the corpus.
class Companions {
 public:
  void Add(std::span<const int32_t> targets) {
    tokens_.insert(tokens_.end(), targets.begin(), targets.end());
    if (tokens_.size() > 2 * distinct_ + 1024) Tidy();
  }
  const std::vector<int32_t>& Tidy() {
    std::ranges::sort(tokens_);
    tokens_.erase(std::unique(tokens_.begin(), tokens_.end()), tokens_.end());
    distinct_ = tokens_.size();
    return tokens_;
  }

 private:
  std::vector<int32_t> tokens_;
  size_t distinct_ = 0;
};

}  // namespace

LexicalModel::LexicalModel(const PackedTokens& sources, const PackedTokens& targets, int32_t src_rows, int iterations)
    : null_(src_rows) {
  DRAGOMAN_CHECK(sources.packing.sentences() == targets.packing.sentences());
  CollectPairs(sources, targets);
  for (int i = 0; i < iterations; ++i) Improve(sources, targets);
}

void LexicalModel::CollectPairs(const PackedTokens& sources, const PackedTokens& targets) {
  std::vector<Companions> companions(static_cast<size_t>(null_) + 1);
  for (int64_t s = 0; s < sources.packing.sentences(); ++s) {
    const auto target = SentenceOf(targets, s);
    for (const int32_t id : SentenceOf(sources, s)) companions[static_cast<size_t>(id)].Add(target);
    companions[static_cast<size_t>(null_)].Add(target);
  }
  begin_.assign(1, 0);
  for (Companions& own : companions) {
    for (const int32_t target : own.Tidy()) entries_.push_back({target, 1});  // the scale of equals does not matter
    begin_.push_back(entries_.size());
    own = {};
  }
}

LexicalEntry& LexicalModel::Entry(int32_t source, int32_t target) {
  const auto first = entries_.begin() + static_cast<int64_t>(begin_[static_cast<size_t>(source)]);
  const auto last = entries_.begin() + static_cast<int64_t>(begin_[static_cast<size_t>(source) + 1]);
  return *std::ranges::lower_bound(first, last, target, {}, &LexicalEntry::target);
}

// Counts of what each target token probably stems from, and probabilities of the counts (Brown 1993, §4.1).
void LexicalModel::Improve(const PackedTokens& sources, const PackedTokens& targets) {
  std::vector<float> counts(entries_.size());
  std::vector<size_t> places;
  for (int64_t s = 0; s < sources.packing.sentences(); ++s) {
    const auto source = SentenceOf(sources, s);
    for (const int32_t target : SentenceOf(targets, s)) {
      places.clear();
      for (const int32_t id : source) places.push_back(static_cast<size_t>(&Entry(id, target) - entries_.data()));
      places.push_back(static_cast<size_t>(&Entry(null_, target) - entries_.data()));
      float sum = 0;
      for (const size_t place : places) sum += entries_[place].probability;
      if (!(sum > 0)) continue;  // underflow
      for (const size_t place : places) counts[place] += entries_[place].probability / sum;
    }
  }
  for (size_t id = 0; id + 1 < begin_.size(); ++id) {
    double sum = 0;
    for (size_t place = begin_[id]; place < begin_[id + 1]; ++place) sum += double{counts[place]};
    for (size_t place = begin_[id]; place < begin_[id + 1]; ++place) {
      entries_[place].probability = sum > 0 ? static_cast<float>(double{counts[place]} / sum) : 0;
    }
  }
}

std::span<const LexicalEntry> LexicalModel::EntriesOf(int32_t id) const {
  const size_t first = begin_[static_cast<size_t>(id)];
  return std::span(entries_).subspan(first, begin_[static_cast<size_t>(id) + 1] - first);
}

std::vector<int32_t> LexicalModel::BestOf(int32_t id, size_t most) const {
  const std::span<const LexicalEntry> all = EntriesOf(id);
  std::vector<LexicalEntry> best(all.begin(), all.end());
  std::erase_if(best, [](const LexicalEntry& entry) { return !(entry.probability > 0); });
  std::ranges::stable_sort(best, std::ranges::greater(), &LexicalEntry::probability);
  best.resize(std::min(best.size(), most));
  std::vector<int32_t> tokens;
  for (const LexicalEntry& entry : best) tokens.push_back(entry.target);
  std::ranges::sort(tokens);
  return tokens;
}

}  // namespace dragoman
