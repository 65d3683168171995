// SPDX-License-Identifier: Apache-2.0
#include "metrics/beam_edit_distance.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace dragoman {
namespace {

constexpr double kBeamWidth = 25;  // words to either side of the diagonal
constexpr int32_t kUnreached = 1 << 30;
constexpr char32_t kNoWord = 0xFFFFFFFF;

// Columns [first, second) of row i.
std::pair<size_t, size_t> Beam(size_t i, size_t hypothesis_len, size_t reference_len) {
  if (i == 0) return {0, reference_len + 1};
  const double ratio = static_cast<double>(reference_len) / static_cast<double>(hypothesis_len);
  // Wider where the diagonal is so flat that neighbouring rows would not touch.
  const double width = kBeamWidth < ratio / 2 ? std::ceil(ratio / 2 + kBeamWidth) : kBeamWidth;
  const double diagonal = std::floor(static_cast<double>(i) * ratio);
  const double end = std::min(static_cast<double>(reference_len + 1), diagonal + width);
  return {static_cast<size_t>(std::max(0.0, diagonal - width)),
          i == hypothesis_len ? reference_len + 1 : static_cast<size_t>(end)};
}

}  // namespace

int32_t BeamEditDistance::Row::At(size_t column) const {
  return column >= begin && column < begin + costs.size() ? costs[column - begin] : kUnreached;
}

BeamEditDistance::BeamEditDistance(std::u32string_view reference, size_t hypothesis_len)
    : reference_(std::u32string(1, kNoWord).append(reference)), offsets_{0} {
  for (size_t i = 0; i <= hypothesis_len; ++i) {
    const auto [begin, end] = Beam(i, hypothesis_len, reference.size());
    begins_.push_back(begin);
    offsets_.push_back(offsets_.back() + end - begin);
  }
  costs_.resize(offsets_.back());
  for (size_t j = 0; j <= reference.size(); ++j) costs_[j] = static_cast<int32_t>(j);  // insertions
}

BeamEditDistance::Row BeamEditDistance::RowAt(size_t i) const {
  return {begins_[i], std::span(costs_).subspan(offsets_[i], offsets_[i + 1] - offsets_[i])};
}

std::span<int32_t> BeamEditDistance::CostsAt(size_t i) {
  return std::span(costs_).subspan(offsets_[i], offsets_[i + 1] - offsets_[i]);
}

// In two passes, of which compilers make vector code of the first. Nothing is more than kUnreached, whatever is added.
void BeamEditDistance::Fill(const Row& previous, char32_t word, size_t begin, std::span<int32_t> costs) {
  // above_[k] is the previous row's column begin + k - 1.
  above_.assign(costs.size() + 1, kUnreached);
  const size_t first = std::max(previous.begin, begin - std::min<size_t>(begin, 1));
  const size_t last = std::min(previous.begin + previous.costs.size(), begin + costs.size());
  for (size_t j = first; j < last; ++j) above_[j + 1 - begin] = previous.costs[j - previous.begin];

  const char32_t* words = reference_.data() + begin;
  for (size_t k = 0; k < costs.size(); ++k) {
    costs[k] = std::min(above_[k + 1] + 1, above_[k] + (words[k] == word ? 0 : 1));
  }
  int32_t left = kUnreached;
  for (int32_t& cost : costs) cost = left = std::min({kUnreached, cost, left + 1});
}

int64_t BeamEditDistance::Compute(std::u32string_view hypothesis) {
  DRAGOMAN_CHECK(hypothesis.size() + 1 == begins_.size());
  hypothesis_ = hypothesis;
  for (size_t i = 1; i <= hypothesis.size(); ++i) Fill(RowAt(i - 1), hypothesis[i - 1], begins_[i], CostsAt(i));
  DRAGOMAN_CHECK(costs_.back() < kUnreached);
  return costs_.back();
}

// Goes back from the last cell: a word that is kept or substituted is preferred to one of the hypothesis too many, and
// that to one of the reference that is missing.
Alignment BeamEditDistance::Align() const {
  size_t i = hypothesis_.size(), j = reference_.size() - 1;
  Alignment result{std::vector<int64_t>(j), std::vector<bool>(j), std::vector<bool>(i)};
  while (i > 0 || j > 0) {
    const int32_t cost = RowAt(i).At(j);
    const bool is_same = i > 0 && j > 0 && hypothesis_[i - 1] == reference_[j];
    if (i > 0 && j > 0 && cost == RowAt(i - 1).At(j - 1) + (is_same ? 0 : 1)) {
      --i, --j;
      result.hypothesis_of[j] = static_cast<int64_t>(i);
      result.reference_is_wrong[j] = result.hypothesis_is_wrong[i] = !is_same;
    } else if (i > 0 && cost == RowAt(i - 1).At(j) + 1) {
      result.hypothesis_is_wrong[--i] = true;
    } else {
      result.reference_is_wrong[--j] = true;
      result.hypothesis_of[j] = static_cast<int64_t>(i) - 1;
    }
  }
  return result;
}

int64_t BeamEditDistance::DistanceOf(std::u32string_view variant, size_t first, size_t last) {
  std::vector<int32_t> previous_costs, costs;
  Row previous = RowAt(first);
  for (size_t i = first + 1; i <= variant.size(); ++i) {
    const Row own = RowAt(i);
    costs.resize(own.costs.size());
    Fill(previous, variant[i - 1], own.begin, costs);
    if (i >= last) {
      const int32_t change = costs.front() - own.costs.front();
      const auto is_shifted = [&](int32_t cost, int32_t before) { return cost - before == change; };
      if (std::equal(costs.begin(), costs.end(), own.costs.begin(), is_shifted)) return costs_.back() + change;
    }
    std::swap(costs, previous_costs);
    previous = {own.begin, previous_costs};
  }
  return previous.costs.back();
}

}  // namespace dragoman
