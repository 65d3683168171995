// SPDX-License-Identifier: Apache-2.0
// Reads the tokenizer.json of a byte-level BPE, and believes nothing in it: sizes, numbers, names of pieces. What would
// make other pieces of a text than this code does is refused by its name.
#ifndef DRAGOMAN_TEXT_BYTE_BPE_CHECK_H_
#define DRAGOMAN_TEXT_BYTE_BPE_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dragoman {

struct ByteBpeContents {
  static constexpr uint32_t kNoMerge = UINT32_MAX;
  struct Merge {
    int32_t left, right, result;  // pieces
  };
  struct RankedPart {
    int32_t right;
    uint32_t rank;
  };

  // The rank of the merge that joins two pieces; kNoMerge when none does.
  uint32_t RankOf(int32_t left, int32_t right) const;

  std::vector<std::string> names;       // [pieces] as the file has them: in symbols (text/byte_symbols.h)
  std::vector<bool> special;            // [pieces] whether no text becomes it
  std::vector<Merge> merges;            // by rank, from 0: the first that is possible comes first
  std::vector<RankedPart> by_left;      // of all merges, those of a left part side by side, sorted by the right one
  std::vector<uint32_t> begin_of_left;  // [pieces + 1] where those of a piece begin there
  int32_t unk_id = -1, bos_id = -1, eos_id = -1, pad_id = -1;
  bool add_prefix_space = false;  // a space is put before a text that does not begin with one
  bool fuse_unk = false;          // bytes without a piece side by side are one <unk>
};

// Throws FormatError naming `path` and, where there is one, the place, when the bytes are not such a file; when they
// ask for what is not done here; or when pieces have no names, gaps between their ids, an id twice, merges that join or
// make what is no piece of text. </s> and <unk> must be there, and special.
ByteBpeContents CheckByteBpe(const std::string& bytes, const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_BYTE_BPE_CHECK_H_
