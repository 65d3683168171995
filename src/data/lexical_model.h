// SPDX-License-Identifier: Apache-2.0
// Which target tokens a source token is translated as, and how likely: IBM Model 1. Source: Brown 1993, §4.1:
// a target token stems from one of the source's tokens, or from none (NULL), each as likely before it is seen.
#ifndef DRAGOMAN_DATA_LEXICAL_MODEL_H_
#define DRAGOMAN_DATA_LEXICAL_MODEL_H_

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/packed.h"

namespace dragoman {

struct LexicalEntry {
  int32_t target;
  float probability;  // p(target | source)
};

// By source token.
class LexicalModel {
 public:
  // Learns from sentence pairs, of which there are as many on both sides, by `iterations` of expectation and
  // maximisation from equal probabilities. src_rows: source ids are below it. The same pairs give the same bits.
  LexicalModel(const PackedTokens& sources, const PackedTokens& targets, int32_t src_rows, int iterations = 5);

  // What source token `id` may become, by target id.
  std::span<const LexicalEntry> EntriesOf(int32_t id) const;
  // The `most` likeliest of them, by target id; of equals those with the smaller ids.
  std::vector<int32_t> BestOf(int32_t id, size_t most) const;

 private:
  void CollectPairs(const PackedTokens& sources, const PackedTokens& targets);
  void Improve(const PackedTokens& sources, const PackedTokens& targets);
  LexicalEntry& Entry(int32_t source, int32_t target);

  int32_t null_;                       // the source id of NULL
  std::vector<size_t> begin_;          // [null_ + 2], into entries_
  std::vector<LexicalEntry> entries_;  // of each source token, by target id
};

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_LEXICAL_MODEL_H_
