// SPDX-License-Identifier: Apache-2.0
// Packed sentences: the tokens of all sentences of a batch end to end, and where each sentence begins. There is no
// padding, so no work is spent on it and it can change no result.
#ifndef DRAGOMAN_TENSOR_PACKED_H_
#define DRAGOMAN_TENSOR_PACKED_H_

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace dragoman {

// Sentence s covers rows [offsets[s], offsets[s + 1]) of a packed [tokens, width] matrix. offsets has
// sentences + 1 entries, starts at 0, never decreases, and ends with the number of tokens. A view: owns nothing.
struct Packing {
  std::span<const int32_t> offsets;

  int64_t sentences() const { return static_cast<int64_t>(offsets.size()) - 1; }
  int64_t tokens() const { return offsets.back(); }
  int64_t Begin(int64_t s) const { return offsets[s]; }
  int64_t Length(int64_t s) const { return offsets[s + 1] - offsets[s]; }
  int64_t Longest() const {
    int64_t longest = 0;
    for (int64_t s = 0; s < sentences(); ++s) longest = std::max(longest, Length(s));
    return longest;
  }
  std::vector<int32_t> SentenceOfRows() const;  // [tokens]
};

// Token ids of packed sentences: ids[i] belongs to row i. ids.size() == packing.tokens().
struct PackedTokens {
  std::span<const int32_t> ids;
  Packing packing;
};

// Packed sentences that own their ids. Empty ones are sentences too.
struct PackedSentences {
  std::vector<int32_t> ids;            // [tokens]; -1 is a zero vector instead of a token
  std::vector<int32_t> offsets = {0};  // [sentences + 1]

  int64_t tokens() const { return static_cast<int64_t>(ids.size()); }
  Packing packing() const { return {offsets}; }
  PackedTokens view() const { return {ids, packing()}; }
  std::span<const int32_t> Sentence(int64_t s) const;

  void Add(std::span<const int32_t> tokens);
  // Adds the decoder's input that stands beside the output `tokens`: `start`, then all but the last (Vaswani 2017,
  // §3.1). There is at least one token.
  void AddShiftedRight(std::span<const int32_t> tokens, int32_t start);
  // For those who append to ids themselves: what has come since the last sentence is one.
  void EndSentence();

  void Clear();  // keeps the memory
};

}  // namespace dragoman

#endif  // DRAGOMAN_TENSOR_PACKED_H_
