// SPDX-License-Identifier: Apache-2.0
#include "infer/key_value_store.h"

namespace dragoman {
namespace {

constexpr int64_t kChunkPlaces = 64;

}  // namespace

KeyValueStore::KeyValueStore(BufferPool& pool, int64_t layers, int64_t width)
    : pool_(pool), layers_(layers), width_(width) {}

void KeyValueStore::Reserve(int64_t places) {
  while (static_cast<int64_t>(chunks_.size()) * kChunkPlaces >=
         places + 2 * kChunkPlaces) {  // one may wait to be used again
    chunks_.pop_back();
    addresses_.pop_back();
  }
  while (static_cast<int64_t>(chunks_.size()) * kChunkPlaces < places) {
    chunks_.emplace_back(pool_, 2 * layers_ * kChunkPlaces, width_);
    addresses_.push_back(chunks_.back().view().data);
  }
}

kernels::RowStore KeyValueStore::Rows(int64_t table) const {
  return {addresses_.data(), kChunkPlaces, table * kChunkPlaces * width_, width_};
}

}  // namespace dragoman
