// SPDX-License-Identifier: Apache-2.0
// Denoiser: pairs made of one side's text alone, to learn from before the real pairs: the source is a text with parts
// missing, the target says what is missing, or all of it.
#ifndef DRAGOMAN_DATA_DENOISER_H_
#define DRAGOMAN_DATA_DENOISER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "text/tokenizer.h"

namespace dragoman {

inline constexpr char kMaskPiece[] = "<mask>";  // stands for what is missing, one for each stretch of tokens

enum class Noise {
  kNone,       // pairs are given
  kInfilling,  // 30 % of the tokens are missing, in spans of Poisson(3) tokens, which may be 0; target: the whole text
  kSpans,      // 15 %, in spans of 3 on the average; target: the spans, each after a mask
  kGap,        // one sentence is missing; target: that sentence
};

struct DenoiseOptions {
  Noise noise = Noise::kNone;
  int copies = 1;  // pairs of each line; of kGap at most as many as it has sentences
  uint64_t seed = 1;
};

// Sources: kInfilling is the text infilling of BART (Lewis 2020, §2.2), on tokens, not whole words. kSpans is the
// objective of T5 (Raffel 2020, §3.1.4) with one mask where that has numbered ones, so that the order of the masks
// alone says which span is which. kGap generates gap sentences as PEGASUS does (Zhang 2020, §3.1, "Ind-Orig"), one a
// pair: those that share most with the rest of the line.
//
// Seed, line and number of the copy decide a pair. Immutable, so any number of threads may call it at once.
class Denoiser {
 public:
  // Throws OptionError when the two sides have not one vocabulary, or that has no <mask>.
  Denoiser(const Tokenizer& src_vocab, const Tokenizer& tgt_vocab, const DenoiseOptions& options);

  struct Pair {
    std::vector<int32_t> src, tgt;  // without the templates
  };
  // None of a text that is too short: of one token or, of kGap, one sentence.
  std::vector<Pair> PairsOf(int64_t line, std::span<const int32_t> ids) const;

  // Where the sentences of a text end, the last at its own end: after a piece that ends in . ! or ? and before one that
  // begins with a space; after one that ends in 。！ or ？ whatever follows.
  std::vector<size_t> SentenceEnds(std::span<const int32_t> ids) const;

 private:
  std::vector<Pair> GapPairs(std::span<const int32_t> ids) const;

  DenoiseOptions options_;
  int32_t mask_ = -1;
  struct Traits {
    bool ends_sentence = false, may_end_sentence = false, begins_word = false;
  };
  std::vector<Traits> traits_;  // [ids]
};

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_DENOISER_H_
