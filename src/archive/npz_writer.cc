// SPDX-License-Identifier: Apache-2.0
#include "archive/npz_writer.h"

#include <algorithm>
#include <utility>

#include "archive/npy_header.h"
#include "archive/zip_writer.h"
#include "base/check.h"

namespace dragoman {

void WriteNpz(std::vector<TensorView> arrays, WritableFile& file) {
  std::ranges::sort(arrays, {}, &TensorView::name);
  std::vector<NewZipMember> members;
  for (const TensorView& array : arrays) {
    DRAGOMAN_CHECK(array.dtype == DType::kF32 || array.dtype == DType::kI8);
    members.push_back({array.name + ".npy", NpyHeaderOf(array.dtype, array.shape),
                       array.dtype == DType::kF32 ? BytesOf(array.data) : array.bytes});
  }
  WriteStoredZip(members, file);
}

}  // namespace dragoman
