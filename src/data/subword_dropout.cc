// SPDX-License-Identifier: Apache-2.0
#include "data/subword_dropout.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/hash.h"
#include "base/rng.h"

namespace dragoman {
namespace {

constexpr uint64_t kSourceKey = 0x73706c6974737263, kTargetKey = 0x73706c6974746774;  // of no other use of the seed

std::optional<PieceSplits> SplitsFor(const Tokenizer& vocab, double rate, const char* option) {
  if (rate <= 0) return std::nullopt;
  PieceSplits splits(vocab);
  if (!splits.empty()) return splits;
  throw OptionError(
      fmt::format("`{}` is {}, but no piece of {} can be split into others; leave it out", option, rate, vocab.path()));
}

}  // namespace

SubwordDropout::SubwordDropout(const Tokenizer& src_vocab, const Tokenizer& tgt_vocab,
                               const SubwordDropoutOptions& options)
    : src_{options.src_rate,
           static_cast<size_t>(options.max_src_len),
           src_vocab.sentence().prefix.size(),
           src_vocab.sentence().suffix.size(),
           SplitsFor(src_vocab, options.src_rate, "src_subword_dropout"),
           HashCombine(options.seed, kSourceKey)},
      tgt_{options.tgt_rate,
           static_cast<size_t>(options.max_tgt_len),
           tgt_vocab.sentence().prefix.size(),
           tgt_vocab.sentence().suffix.size(),
           SplitsFor(tgt_vocab, options.tgt_rate, "tgt_subword_dropout"),
           HashCombine(options.seed, kTargetKey)} {}

void SubwordDropout::Apply(const Side& side, int64_t epoch, int64_t pair, size_t begin, std::vector<int32_t>* ids) {
  size_t length = ids->size() - begin;
  if (side.rate <= 0 || length >= side.most) return;
  const auto own = ids->begin() + static_cast<std::ptrdiff_t>(begin + side.before);
  std::vector<int32_t> waiting(own, ids->end());  // the next one last
  std::ranges::reverse(waiting);
  ids->erase(own, ids->end());
  Rng rng(HashCombine(HashCombine(side.key, static_cast<uint64_t>(epoch)), static_cast<uint64_t>(pair)));
  while (waiting.size() > side.after) {
    const int32_t id = waiting.back();
    waiting.pop_back();
    const size_t ways = side.splits->Count(id);
    if (ways == 0 || length >= side.most || rng.Uniform() >= side.rate) {
      ids->push_back(id);
      continue;
    }
    const std::span<const int32_t> split = side.splits->Split(id, rng.Below(ways));
    if (length + split.size() - 1 > side.most) {
      ids->push_back(id);
      continue;
    }
    waiting.insert(waiting.end(), split.rbegin(), split.rend());
    length += split.size() - 1;
  }
  ids->insert(ids->end(), waiting.rbegin(), waiting.rend());
}

}  // namespace dragoman
