// SPDX-License-Identifier: Apache-2.0
// The edit distance of TER: insertions, deletions and substitutions of words that turn a hypothesis into a reference,
// looked for only near the diagonal of the table, as sacreBLEU 2.6 does (25 words to either side); where that misses
// the cheapest way, so does sacreBLEU.
#ifndef DRAGOMAN_METRICS_BEAM_EDIT_DISTANCE_H_
#define DRAGOMAN_METRICS_BEAM_EDIT_DISTANCE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dragoman {

// Which word of the hypothesis stands beside each word of the reference, and which words are wrong.
struct Alignment {
  std::vector<int64_t> hypothesis_of;    // for a missing word the one before it, -1 at the beginning
  std::vector<bool> reference_is_wrong;  // substituted or missing
  std::vector<bool> hypothesis_is_wrong;
};

// Distances between one reference and hypotheses of one length, which have the same words in other orders.
// Words are symbols (WordNumbers in ngrams.h). Memory: 50 numbers a word of the hypothesis, and 2 of the reference.
class BeamEditDistance {
 public:
  BeamEditDistance(std::u32string_view reference, size_t hypothesis_len);

  // Returns the distance of this hypothesis, and keeps its table for the two calls below.
  int64_t Compute(std::u32string_view hypothesis);

  Alignment Align() const;

  // The distance of a variant of that hypothesis which differs from it in words `first` to `last` - 1 only. Takes over
  // the rows before them, and stops after them as soon as a row is the table's own plus a constant: all later are, too.
  int64_t DistanceOf(std::u32string_view variant, size_t first, size_t last);

 private:
  // A row of the table, columns [begin, begin + costs.size()) of reference_.size(); elsewhere nothing is reached.
  struct Row {
    size_t begin;
    std::span<const int32_t> costs;
    int32_t At(size_t column) const;
  };

  Row RowAt(size_t i) const;
  std::span<int32_t> CostsAt(size_t i);
  void Fill(const Row& previous, char32_t word, size_t begin, std::span<int32_t> costs);

  std::u32string reference_;  // its first word at 1: the table's column 0 stands for none
  std::u32string hypothesis_;
  std::vector<size_t> begins_;   // by row, hypothesis_len + 1 of them: its first column
  std::vector<size_t> offsets_;  // by row: where its costs begin; last, where all end
  std::vector<int32_t> costs_;   // of all rows, end to end
  std::vector<int32_t> above_;   // room for Fill
};

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_BEAM_EDIT_DISTANCE_H_
