// SPDX-License-Identifier: Apache-2.0
// What a training corpus is like, as far as it decides how to train on it.
#ifndef DRAGOMAN_RECOMMEND_CORPUS_FACTS_H_
#define DRAGOMAN_RECOMMEND_CORPUS_FACTS_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/parallel_reader.h"

namespace dragoman {

struct CorpusFacts {
  int64_t pairs = 0;                    // with text on both sides
  double src_words = 0, tgt_words = 0;  // means a pair; a word is what stands between blanks
  double src_sentences = 0;             // mean a source: words that end in . ! or ?, and each 。 ！ or ？
  double shared_letters = 0;            // share of the letters of both sides' text whose script the other side uses
  double copied = 0;                    // share of the target's words that stand in its source, too
  double distinct_targets = 0;          // different targets a pair
  std::string segment_mark;             // a piece such as <sep>, several times in most sources; "" for none
  std::vector<std::pair<std::string, std::string>> sample;  // pairs, at random, in the order of the files
};

// Reads the texts once, in memory for a sample of at most `sample_bytes`. Facts other than `pairs` are the sample's.
// Throws FileError for what cannot be read (ParallelReader) and for a corpus without pairs. check: see ByteSource.
CorpusFacts CorpusFactsOf(std::span<const ParallelInput> inputs, int64_t sample_bytes,
                          const std::function<void()>& check);

}  // namespace dragoman

#endif  // DRAGOMAN_RECOMMEND_CORPUS_FACTS_H_
