// SPDX-License-Identifier: Apache-2.0
// IdMap: from a vocabulary's numbers of its pieces to the ids of a model, its rows, and back. Models trained here
// number pieces as their vocabulary does; other people's often do not.
#ifndef DRAGOMAN_TEXT_ID_MAP_H_
#define DRAGOMAN_TEXT_ID_MAP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dragoman {

class IdMap {
 public:
  static constexpr int32_t kNone = -1;

  // Every piece's id is its number. Takes no memory.
  explicit IdMap(int32_t pieces) : size_(pieces) {}
  // ids[piece] is a piece's id, kNone where the model has no row for it. No id twice.
  explicit IdMap(std::vector<int32_t> ids);

  int32_t size() const { return size_; }  // one more than the highest id

  // piece: one of the vocabulary's.
  int32_t ToId(int32_t piece) const { return ids_.empty() ? piece : ids_[static_cast<size_t>(piece)]; }
  // kNone for an id that is no piece's, whatever it is.
  int32_t ToPiece(int32_t id) const {
    if (id < 0 || id >= size_) return kNone;
    return ids_.empty() ? id : pieces_[static_cast<size_t>(id)];
  }

 private:
  std::vector<int32_t> ids_, pieces_;  // [pieces] and [size_]; both empty: the same numbers
  int32_t size_ = 0;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_ID_MAP_H_
