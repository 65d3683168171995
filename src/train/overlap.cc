// SPDX-License-Identifier: Apache-2.0
#include "train/overlap.h"

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/byte_hash.h"
#include "base/file_system.h"
#include "base/hash.h"

namespace dragoman {
namespace {

uint64_t HashOfPair(std::span<const int32_t> src, std::span<const int32_t> tgt) {
  return HashCombine(HashBytes(BytesOf(src)), HashBytes(BytesOf(tgt)));
}

uint64_t KeyOf(int64_t src_length, int64_t tgt_length) {
  return static_cast<uint64_t>(src_length) << 32 | static_cast<uint64_t>(tgt_length);
}

}  // namespace

int64_t CountPairsInCorpus(std::span<const Batch> batches, const TokenCorpus& corpus,
                           const std::function<void()>& check) {
  constexpr int64_t kPairsBetweenChecks = 4096;
  std::unordered_map<uint64_t, int64_t> times;  // that a pair is among the batches
  std::unordered_set<uint64_t> lengths;
  for (const Batch& batch : batches) {
    for (int64_t s = 0; s < batch.sentences(); ++s) {
      ++times[HashOfPair(batch.src.Sentence(s), batch.tgt_out.Sentence(s))];
      lengths.insert(KeyOf(batch.SrcLength(s), batch.TgtLength(s)));
    }
  }
  int64_t found = 0;
  std::vector<int32_t> src, tgt;
  for (int64_t pair = 0; pair < corpus.size() && !times.empty(); ++pair) {
    if (pair % kPairsBetweenChecks == 0) check();
    const PairLengths length = corpus.lengths()[static_cast<size_t>(pair)];
    if (!lengths.contains(KeyOf(length.src, length.tgt))) continue;
    src.clear();
    tgt.clear();
    corpus.AppendPair(pair, &src, &tgt);
    const auto match = times.find(HashOfPair(src, tgt));
    if (match == times.end()) continue;
    found += match->second;
    times.erase(match);  // it may come again
  }
  return found;
}

}  // namespace dragoman
