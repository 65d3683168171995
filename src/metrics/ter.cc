// SPDX-License-Identifier: Apache-2.0
#include "metrics/ter.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>

#include "base/check.h"
#include "base/error.h"
#include "metrics/beam_edit_distance.h"
#include "metrics/ngrams.h"
#include "metrics/unicode.h"

namespace dragoman {
namespace {

constexpr size_t kMostWords = 1'000'000;  // of a sentence: 200 MB of table

// sacreBLEU's limits of the search, in part those of the Java program tercom.
constexpr size_t kMaxShiftSize = 10;       // words moved at once
constexpr size_t kMaxShiftDistance = 50;   // words between a block and the same words of the reference
constexpr int kMaxShiftCandidates = 1000;  // shifts tried in a sentence

// `length` words from `start` move to before the word that stands at `target`.
struct Shift {
  int64_t gain = 0;  // by how much the edit distance falls
  size_t start = 0;
  size_t length = 0;
  size_t target = 0;

  // Of two that gain as much the longer one, then the one nearer to the beginning, then the one to an earlier place.
  bool IsBetterThan(const Shift& other) const {
    return std::tuple(gain, length, other.start, other.target) > std::tuple(other.gain, other.length, start, target);
  }

  // The words that change places: [first, second).
  std::pair<size_t, size_t> Changed(size_t num_words) const {
    if (target < start) return {target, start + length};
    if (target > start + length) return {start, target};
    return {start, std::min(target + length, num_words)};  // a target within the block moves it on by that much
  }

  void Apply(std::u32string* words) const {
    const auto [first, last] = Changed(words->size());
    const auto at = [&](size_t i) { return words->begin() + static_cast<std::ptrdiff_t>(i); };
    std::rotate(at(first), at(target < start ? start : start + length), at(last));
  }
};

// One step of the greedy search.
class ShiftSearch {
 public:
  ShiftSearch(std::u32string_view hypothesis, std::u32string_view reference, BeamEditDistance* distance)
      : hypothesis_(hypothesis),
        reference_(reference),
        distance_(*distance),
        edits_(distance->Compute(hypothesis)),
        alignment_(distance->Align()) {}

  int64_t edits() const { return edits_; }  // without shifts

  // The best of all shifts of words that stand elsewhere in the reference; nothing when there is none. `candidates`
  // counts those that were tried, and ends the search at the limit.
  std::optional<Shift> Best(int* candidates);

 private:
  bool IsWorthTrying(size_t start, size_t in_reference, size_t length) const;
  void TryTargets(size_t start, size_t in_reference, size_t length, int* candidates);

  std::u32string_view hypothesis_;
  std::u32string_view reference_;
  BeamEditDistance& distance_;
  int64_t edits_;
  Alignment alignment_;
  std::optional<Shift> best_;
};

std::optional<Shift> ShiftSearch::Best(int* candidates) {
  for (size_t start = 0; start < hypothesis_.size(); ++start) {
    const size_t end = std::min(start + kMaxShiftDistance + 1, reference_.size());
    for (size_t r = start > kMaxShiftDistance ? start - kMaxShiftDistance : 0; r < end; ++r) {
      const size_t longest = std::min({kMaxShiftSize, hypothesis_.size() - start, reference_.size() - r});
      for (size_t length = 1; length <= longest && hypothesis_[start + length - 1] == reference_[r + length - 1];
           ++length) {
        if (!IsWorthTrying(start, r, length)) continue;
        TryTargets(start, r, length, candidates);
        if (*candidates >= kMaxShiftCandidates) return best_;
      }
    }
  }
  return best_;
}

// Something must be wrong on both sides, and the words must not stand beside each other already.
bool ShiftSearch::IsWorthTrying(size_t start, size_t in_reference, size_t length) const {
  const auto any = [length](const std::vector<bool>& is_wrong, size_t begin) {
    const auto first = is_wrong.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = first + static_cast<std::ptrdiff_t>(length);
    return std::find(first, last, true) != last;
  };
  const int64_t aligned = alignment_.hypothesis_of[in_reference];
  const bool is_there = aligned >= static_cast<int64_t>(start) && aligned < static_cast<int64_t>(start + length);
  return any(alignment_.hypothesis_is_wrong, start) && any(alignment_.reference_is_wrong, in_reference) && !is_there;
}

// Behind what is aligned with the word before the reference's block, and with each word of the block.
void ShiftSearch::TryTargets(size_t start, size_t in_reference, size_t length, int* candidates) {
  std::optional<size_t> tried;
  for (size_t r = in_reference; r <= in_reference + length; ++r) {
    const size_t target = r == 0 ? 0 : static_cast<size_t>(alignment_.hypothesis_of[r - 1] + 1);
    if (tried == target) continue;
    tried = target;
    Shift shift{0, start, length, target};
    std::u32string shifted(hypothesis_);
    shift.Apply(&shifted);
    const auto [first, last] = shift.Changed(shifted.size());
    shift.gain = edits_ - distance_.DistanceOf(shifted, first, last);
    ++*candidates;
    if (!best_ || shift.IsBetterThan(*best_)) best_ = shift;
  }
}

void CheckLength(std::u32string_view words) {
  if (words.size() <= kMostWords) return;
  throw Error(fmt::format("TER: a sentence of {} words, expected {} at most; give a sentence a line", words.size(),
                          kMostWords));
}

}  // namespace

int64_t TranslationEdits(std::u32string_view hypothesis, std::u32string_view reference) {
  if (reference.empty()) return static_cast<int64_t>(hypothesis.size());
  std::u32string words(hypothesis);
  BeamEditDistance distance(reference, words.size());
  int candidates = 0;
  for (int64_t shifts = 0;; ++shifts) {
    ShiftSearch search(words, reference, &distance);
    const std::optional<Shift> best = search.Best(&candidates);
    // At the limit even a good shift is given up, as in sacreBLEU.
    if (candidates >= kMaxShiftCandidates || !best || best->gain <= 0) return shifts + search.edits();
    best->Apply(&words);
  }
}

Stats TerMetric::SentenceStats(std::string_view hypothesis, std::span<const std::string_view> references) const {
  DRAGOMAN_CHECK(!references.empty());
  WordNumbers numbers;
  const auto words_of = [&](std::string_view text) {
    std::u32string words = numbers.Number(TerTokens(DecodeUtf8(text), options_));
    CheckLength(words);
    return words;
  };
  const std::u32string words = words_of(hypothesis);
  int64_t fewest = std::numeric_limits<int64_t>::max();
  size_t reference_words = 0;
  for (const std::string_view reference : references) {
    const std::u32string others = words_of(reference);
    fewest = std::min(fewest, TranslationEdits(words, others));
    reference_words += others.size();
  }
  return {static_cast<double>(fewest), static_cast<double>(reference_words) / static_cast<double>(references.size())};
}

std::vector<double> TerMetric::Scores(std::span<const double> sum) const {
  const double edits = sum[0], ref_len = sum[1];
  if (ref_len > 0) return {100 * (edits / ref_len)};
  return {edits > 0 ? 100.0 : 0.0};  // words, where there should be none
}

std::string TerMetric::Signature(int num_references) const {
  const auto yes_no = [](bool is_on) { return is_on ? "yes" : "no"; };
  return fmt::format("nrefs:{}|case:{}|tok:tercom|norm:{}|punct:{}|asian:{}|version:dragoman-{}", num_references,
                     options_.case_sensitive ? "mixed" : "lc", yes_no(options_.normalized), yes_no(!options_.no_punct),
                     yes_no(options_.asian_support), DRAGOMAN_VERSION);
}

}  // namespace dragoman
