// SPDX-License-Identifier: Apache-2.0
#include "text/id_map.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace dragoman {

IdMap::IdMap(std::vector<int32_t> ids) : ids_(std::move(ids)) {
  for (const int32_t id : ids_) size_ = std::max(size_, id + 1);
  pieces_.assign(static_cast<size_t>(size_), kNone);
  for (size_t piece = 0; piece < ids_.size(); ++piece) {
    if (ids_[piece] == kNone) continue;
    int32_t& place = pieces_[static_cast<size_t>(ids_[piece])];
    DRAGOMAN_CHECK(place == kNone);
    place = static_cast<int32_t>(piece);
  }
}

}  // namespace dragoman
