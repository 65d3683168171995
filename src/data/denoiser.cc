// SPDX-License-Identifier: Apache-2.0
#include "data/denoiser.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "base/error.h"
#include "base/hash.h"
#include "base/rng.h"
#include "data/shuffle.h"

namespace dragoman {
namespace {

constexpr uint64_t kNoiseKey = 0x64656e6f697365;  // of no other use of the seed

// `chosen` of the numbers 0 to count - 1, ascending, each choice equally likely. Source: Knuth 1969, §3.4.2, algorithm
// S.
std::vector<size_t> Choose(size_t chosen, size_t count, Rng* rng) {
  std::vector<size_t> numbers;
  for (size_t i = 0; numbers.size() < chosen; ++i) {
    if (rng->Below(count - i) < chosen - numbers.size()) numbers.push_back(i);
  }
  return numbers;
}

// Source: Knuth 1969, §3.4.1, algorithm Q.
size_t Poisson3(Rng* rng) {
  constexpr double kExpMinus3 = 0.049787068367863944;
  size_t value = 0;
  for (double product = rng->Uniform(); product >= kExpMinus3; product *= rng->Uniform()) ++value;
  return value;
}

// Lewis 2020, §2.2: lengths of spans with `missing` tokens in all, the last one cut to that.
std::vector<size_t> PoissonLengths(size_t missing, Rng* rng) {
  std::vector<size_t> lengths;
  for (size_t sum = 0; sum < missing; sum += lengths.back()) {
    lengths.push_back(std::min(Poisson3(rng), missing - sum));
  }
  Shuffle(&lengths, rng);  // or the one that was cut would always be the last
  return lengths;
}

// Raffel 2020, §3.1.4: as many spans as make 3 tokens the mean, every way to divide the tokens equally likely.
std::vector<size_t> EvenLengths(size_t missing, Rng* rng) {
  const size_t spans = std::max<size_t>(1, (missing + 1) / 3);
  std::vector<size_t> lengths;
  size_t begin = 0;
  for (const size_t cut : Choose(spans - 1, missing - 1, rng)) {
    lengths.push_back(cut + 1 - begin);
    begin = cut + 1;
  }
  lengths.push_back(missing - begin);
  return lengths;
}

// Source: the text with a mask for each span; target: the spans, each after a mask. Every place of the spans is equally
// likely, but there is a token at least between two. Spans of no token that find no place are left out.
Denoiser::Pair TakeSpansOut(std::span<const int32_t> ids, std::vector<size_t> lengths, int32_t mask, Rng* rng) {
  size_t kept = ids.size();
  for (const size_t length : lengths) kept -= length;
  while (lengths.size() > kept + 1) lengths.erase(std::ranges::find(lengths, size_t{0}));
  const std::vector<size_t> places = Choose(lengths.size(), kept + 1, rng);  // before which token that is kept
  Denoiser::Pair pair;
  auto next = ids.begin();
  for (size_t place = 0, span = 0; place <= kept; ++place) {
    if (span < places.size() && places[span] == place) {
      pair.src.push_back(mask);
      pair.tgt.push_back(mask);
      for (size_t i = 0; i < lengths[span]; ++i) pair.tgt.push_back(*next++);
      ++span;
    }
    if (place < kept) pair.src.push_back(*next++);
  }
  return pair;
}

bool EndsInAny(std::string_view text, std::initializer_list<std::string_view> ends) {
  return std::ranges::any_of(ends, [&](std::string_view end) { return text.ends_with(end); });
}

std::unordered_map<int32_t, int64_t> Counts(std::span<const int32_t> ids) {
  std::unordered_map<int32_t, int64_t> counts;
  for (const int32_t id : ids) ++counts[id];
  return counts;
}

}  // namespace

Denoiser::Denoiser(const Tokenizer& src_vocab, const Tokenizer& tgt_vocab, const DenoiseOptions& options)
    : options_(options) {
  if (src_vocab.fingerprint() != tgt_vocab.fingerprint()) {
    throw OptionError(fmt::format(
        "`denoise` makes source and target of one text, but {} and {} are two vocabularies; give one, `vocab`",
        src_vocab.path(), tgt_vocab.path()));
  }
  const std::optional<int32_t> mask = src_vocab.Find(kMaskPiece);
  if (!mask) {
    throw OptionError(fmt::format(
        "`denoise` needs a piece {} for what is missing, which {} lacks; make the vocabulary with `symbols` {}",
        kMaskPiece, src_vocab.path(), kMaskPiece));
  }
  mask_ = *mask;
  traits_.resize(static_cast<size_t>(src_vocab.size()));
  for (int32_t id = 0; id < src_vocab.size(); ++id) {
    if (!src_vocab.Has(id)) continue;
    const std::string_view piece = src_vocab.Piece(id);
    traits_[static_cast<size_t>(id)] = {EndsInAny(piece, {"。", "！", "？"}), EndsInAny(piece, {".", "!", "?"}),
                                        piece.starts_with("▁")};
  }
}

std::vector<size_t> Denoiser::SentenceEnds(std::span<const int32_t> ids) const {
  std::vector<size_t> ends;
  for (size_t i = 0; i + 1 < ids.size(); ++i) {
    const Traits &here = traits_[static_cast<size_t>(ids[i])], &next = traits_[static_cast<size_t>(ids[i + 1])];
    if (here.ends_sentence || (here.may_end_sentence && next.begins_word)) ends.push_back(i + 1);
  }
  if (!ids.empty()) ends.push_back(ids.size());
  return ends;
}

// ROUGE-1's F of a sentence of s tokens against the r of the rest is 2 overlap / (s + r) (Lin 2004, §2), and s + r is
// the same for all sentences of a line: so the overlap alone says which is the best.
std::vector<Denoiser::Pair> Denoiser::GapPairs(std::span<const int32_t> ids) const {
  struct Sentence {
    size_t begin, end;
    int64_t overlap;
  };
  std::vector<Sentence> sentences;
  const auto all = Counts(ids);
  for (const size_t end : SentenceEnds(ids)) {
    const size_t begin = sentences.empty() ? 0 : sentences.back().end;
    int64_t overlap = 0;
    for (const auto& [id, count] : Counts(ids.subspan(begin, end - begin))) {
      overlap += std::min(count, all.at(id) - count);
    }
    sentences.push_back({begin, end, overlap});
  }
  if (sentences.size() < 2) return {};
  std::ranges::stable_sort(sentences, std::ranges::greater(), &Sentence::overlap);
  if (std::ssize(sentences) > options_.copies) sentences.resize(static_cast<size_t>(options_.copies));
  std::vector<Pair> pairs;
  for (const auto& [begin, end, overlap] : sentences) {
    Pair& pair = pairs.emplace_back();
    const auto from = ids.begin() + static_cast<std::ptrdiff_t>(begin),
               to = ids.begin() + static_cast<std::ptrdiff_t>(end);
    pair.src.assign(ids.begin(), from);
    pair.src.push_back(mask_);
    pair.src.insert(pair.src.end(), to, ids.end());
    pair.tgt.assign(from, to);
  }
  return pairs;
}

std::vector<Denoiser::Pair> Denoiser::PairsOf(int64_t line, std::span<const int32_t> ids) const {
  if (options_.noise == Noise::kGap) return GapPairs(ids);
  if (ids.size() < 2) return {};
  const uint64_t key = HashCombine(HashCombine(options_.seed, kNoiseKey), static_cast<uint64_t>(line));
  std::vector<Pair> pairs;
  for (int copy = 0; copy < options_.copies; ++copy) {
    Rng rng(HashCombine(key, static_cast<uint64_t>(copy)));
    if (options_.noise == Noise::kInfilling) {
      const size_t missing = (3 * ids.size() + 9) / 10;
      pairs.push_back(TakeSpansOut(ids, PoissonLengths(missing, &rng), mask_, &rng));
      pairs.back().tgt.assign(ids.begin(), ids.end());
    } else {
      const size_t missing = std::max<size_t>(1, (15 * ids.size() + 50) / 100);
      pairs.push_back(TakeSpansOut(ids, EvenLengths(missing, &rng), mask_, &rng));
    }
  }
  return pairs;
}

}  // namespace dragoman
