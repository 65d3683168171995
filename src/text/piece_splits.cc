// SPDX-License-Identifier: Apache-2.0
#include "text/piece_splits.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/utf8.h"

namespace dragoman {
namespace {

constexpr size_t kLongestPiece = 128;  // bytes; trained vocabularies have 16 characters or less

struct Entry {
  int32_t id;
  float score;
};

// The pieces that are text as they stand.
using Pieces = std::unordered_map<std::string_view, Entry>;

Pieces OrdinaryPieces(const Tokenizer& vocab) {
  Pieces pieces;
  for (int32_t id = 0; id < vocab.size(); ++id) {
    if (!vocab.Has(id)) continue;
    if (const std::optional<float> score = vocab.Score(id)) pieces.emplace(vocab.Piece(id), Entry{id, *score});
  }
  return pieces;
}

using Ids = std::vector<int32_t>;

// Merges the characters of the text, the best pair first and the leftmost of equals, until two parts are left. Empty
// when merging ends before, or when one of the two is no piece.
Ids SplitOfLastMerge(const Pieces& pieces, std::string_view text) {
  std::vector<std::string_view> parts;
  for (size_t at = 0; at < text.size(); at += parts.back().size()) {
    parts.push_back(text.substr(at, Utf8Length(text[at])));
  }
  const auto joined = [&parts](size_t i) {
    return std::string_view(parts[i].data(), parts[i].size() + parts[i + 1].size());
  };
  while (parts.size() > 2) {
    size_t best = parts.size();
    float best_score = -std::numeric_limits<float>::infinity();
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = pieces.find(joined(i));
      if (found == pieces.end() || found->second.score <= best_score) continue;
      best = i;
      best_score = found->second.score;
    }
    if (best == parts.size()) return {};
    parts[best] = joined(best);
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  if (parts.size() < 2) return {};
  const auto left = pieces.find(parts[0]), right = pieces.find(parts[1]);
  if (left == pieces.end() || right == pieces.end()) return {};
  return {left->second.id, right->second.id};
}

// A segmentation of a part of a piece. Better: of fewer pieces, then likelier.
struct Segmentation {
  Ids ids;  // none: there is none
  float score = 0;

  bool BetterThan(const Segmentation& other) const {
    if (ids.empty() || other.ids.empty()) return !ids.empty();
    return ids.size() != other.ids.size() ? ids.size() < other.ids.size() : score > other.score;
  }
};

// The best segmentations of the text up to each of its cuts, the first of which is 0 and the last its end.
std::vector<Segmentation> BestPrefixes(const Pieces& pieces, std::string_view text, const std::vector<size_t>& cuts) {
  std::vector<Segmentation> best(cuts.size());
  for (size_t end = 1; end < cuts.size(); ++end) {
    for (size_t begin = 0; begin < end; ++begin) {
      const auto last = pieces.find(text.substr(cuts[begin], cuts[end] - cuts[begin]));
      if (last == pieces.end() || (begin > 0 && best[begin].ids.empty())) continue;
      Segmentation now = best[begin];
      now.ids.push_back(last->second.id);
      now.score += last->second.score;
      if (now.BetterThan(best[end])) best[end] = std::move(now);
    }
  }
  return best;
}

// The same from each cut on.
std::vector<Segmentation> BestSuffixes(const Pieces& pieces, std::string_view text, const std::vector<size_t>& cuts) {
  std::vector<Segmentation> best(cuts.size());
  for (size_t begin = cuts.size() - 1; begin-- > 0;) {
    for (size_t end = begin + 1; end < cuts.size(); ++end) {
      const auto first = pieces.find(text.substr(cuts[begin], cuts[end] - cuts[begin]));
      if (first == pieces.end() || (end + 1 < cuts.size() && best[end].ids.empty())) continue;
      Segmentation now{{first->second.id}, first->second.score + best[end].score};
      now.ids.insert(now.ids.end(), best[end].ids.begin(), best[end].ids.end());
      if (now.BetterThan(best[begin])) best[begin] = std::move(now);
    }
  }
  return best;
}

std::vector<Ids> SplitsOfFewestPieces(const Pieces& pieces, std::string_view text) {
  std::vector<size_t> cuts = {0};
  while (cuts.back() < text.size()) cuts.push_back(cuts.back() + Utf8Length(text[cuts.back()]));
  const std::vector<Segmentation> before = BestPrefixes(pieces, text, cuts), after = BestSuffixes(pieces, text, cuts);
  std::vector<Ids> splits;
  for (size_t cut = 1; cut + 1 < cuts.size(); ++cut) {
    if (before[cut].ids.empty() || after[cut].ids.empty()) continue;
    Ids split = before[cut].ids;
    split.insert(split.end(), after[cut].ids.begin(), after[cut].ids.end());
    if (!splits.empty() && split.size() > splits[0].size()) continue;
    if (!splits.empty() && split.size() < splits[0].size()) splits.clear();
    if (std::ranges::find(splits, split) == splits.end()) splits.push_back(std::move(split));
  }
  return splits;
}

}  // namespace

PieceSplits::PieceSplits(const Tokenizer& vocab) : split_starts_{0} {
  const Pieces pieces = OrdinaryPieces(vocab);
  const bool has_merges = vocab.traits().type == "bpe", has_merges_of_bytes = vocab.traits().type == "byte-bpe";
  const auto add = [this](const Ids& split) {
    ids_.insert(ids_.end(), split.begin(), split.end());
    split_starts_.push_back(static_cast<uint32_t>(ids_.size()));
  };
  piece_starts_.reserve(static_cast<size_t>(vocab.size()) + 1);
  piece_starts_.push_back(0);
  for (int32_t id = 0; id < vocab.size(); ++id) {
    if (vocab.Has(id) && vocab.Score(id) && vocab.Piece(id).size() <= kLongestPiece) {
      if (has_merges_of_bytes) {
        if (const auto parts = vocab.LastMerge(id)) add({parts->first, parts->second});
      } else if (has_merges) {
        if (const Ids split = SplitOfLastMerge(pieces, vocab.Piece(id)); !split.empty()) add(split);
      } else {
        for (const Ids& split : SplitsOfFewestPieces(pieces, vocab.Piece(id))) add(split);
      }
    }
    piece_starts_.push_back(static_cast<uint32_t>(split_starts_.size()) - 1);
  }
}

}  // namespace dragoman
