// SPDX-License-Identifier: Apache-2.0
#include "infer/history.h"

#include <algorithm>
#include <functional>

#include "base/check.h"

namespace dragoman {

// The first one that is free, so that those at the end become free for good.
int32_t History::TakePlace(int32_t parent) {
  int32_t place = static_cast<int32_t>(capacity());
  if (!free_.empty() && free_.front() < place) {
    place = free_.front();
    std::ranges::pop_heap(free_, std::greater<>());
    free_.pop_back();
  } else {
    free_.clear();  // places that are no more
    parent_.push_back(-1);
    references_.push_back(0);
  }
  ++in_use_;
  parent_[static_cast<size_t>(place)] = parent;
  references_[static_cast<size_t>(place)] = 1;
  if (parent >= 0) ++references_[static_cast<size_t>(parent)];
  return place;
}

void History::Release(int32_t place) {
  while (place >= 0 && --references_[static_cast<size_t>(place)] == 0) {
    --in_use_;
    free_.push_back(place);
    std::ranges::push_heap(free_, std::greater<>());
    place = parent_[static_cast<size_t>(place)];
  }
}

void History::Advance(std::span<const int32_t> parents) {
  newest_.swap(old_newest_);
  ids_.swap(old_ids_);
  offsets_.swap(old_offsets_);
  newest_.clear();
  position_.clear();
  ids_.clear();
  offsets_.assign(1, 0);
  for (const int32_t parent : parents) {
    DRAGOMAN_CHECK(parent >= -1 && parent < static_cast<int32_t>(old_newest_.size()));
    const auto at = static_cast<size_t>(parent);
    newest_.push_back(TakePlace(parent < 0 ? -1 : old_newest_[at]));
    if (parent >= 0)
      ids_.insert(ids_.end(), old_ids_.begin() + old_offsets_[at], old_ids_.begin() + old_offsets_[at + 1]);
    position_.push_back(static_cast<int32_t>(ids_.size()) - offsets_.back());
    ids_.push_back(newest_.back());
    offsets_.push_back(static_cast<int32_t>(ids_.size()));
  }
  for (const int32_t place : old_newest_) Release(place);
  while (!references_.empty() && references_.back() == 0) {
    references_.pop_back();
    parent_.pop_back();
  }
}

}  // namespace dragoman
