// SPDX-License-Identifier: Apache-2.0
#include "kernels/embedding.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/embedding.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

// to = scale * token + position; token or position may be null, and then counts as zeros.
HWY_INLINE void EmbedToken(int64_t d, const float* token, float scale, const float* position, float* to) {
  const Floats factor = hn::Set(Tag(), scale);
  if (token && position) {
    ForEachVector(d, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
      lanes.Store(hn::MulAdd(lanes.Load(token + i), factor, lanes.Load(position + i)), to + i);
    });
  } else if (token) {
    ForEachVector(
        d, [=](int64_t i, auto lanes) DRAGOMAN_LANES { lanes.Store(hn::Mul(lanes.Load(token + i), factor), to + i); });
  } else if (position) {
    std::copy_n(position, d, to);
  } else {
    std::fill_n(to, d, 0.0f);
  }
}

void EmbeddingForward(std::span<const int32_t> ids, const ConstMatrix& table, float scale,
                      std::span<const int32_t> position_of, const ConstMatrix& positions, const Matrix& out) {
  for (size_t t = 0; t < ids.size(); ++t) {
    EmbedToken(out.cols, ids[t] < 0 ? nullptr : table.Row(ids[t]), scale,
               positions.data ? positions.Row(position_of[t]) : nullptr, out.Row(static_cast<int64_t>(t)));
  }
}

// A row's column is unpacked where the row will be.
void PackedEmbeddingForward(std::span<const int32_t> ids, const PackedWeight& table, float scale,
                            std::span<const int32_t> position_of, const ConstMatrix& positions, const Matrix& out) {
  for (size_t t = 0; t < ids.size(); ++t) {
    float* const row = out.Row(static_cast<int64_t>(t));
    if (ids[t] >= 0) UnpackColumn(table, ids[t], row);
    EmbedToken(out.cols, ids[t] < 0 ? nullptr : row, scale, positions.data ? positions.Row(position_of[t]) : nullptr,
               row);
  }
}

void EmbeddingBackward(std::span<const int32_t> rows, const ConstMatrix& dout, float scale, const Matrix& dtable) {
  const Floats factor = hn::Set(Tag(), scale);
  for (size_t t = 0; t < rows.size(); ++t) {
    if (rows[t] < 0) continue;
    const float* const from = dout.Row(static_cast<int64_t>(t));
    float* const to = dtable.Row(rows[t]);
    ForEachVector(dout.cols, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
      lanes.Store(hn::MulAdd(lanes.Load(from + i), factor, lanes.Load(to + i)), to + i);
    });
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(EmbeddingForward);
HWY_EXPORT(PackedEmbeddingForward);
HWY_EXPORT(EmbeddingBackward);

void EmbeddingForward(std::span<const int32_t> ids, const ConstMatrix& table, float scale,
                      std::span<const int32_t> position_of, const ConstMatrix& positions, const Matrix& out) {
  HWY_DYNAMIC_DISPATCH(EmbeddingForward)(ids, table, scale, position_of, positions, out);
}

void EmbeddingForward(std::span<const int32_t> ids, const PackedWeight& table, float scale,
                      std::span<const int32_t> position_of, const ConstMatrix& positions, const Matrix& out) {
  HWY_DYNAMIC_DISPATCH(PackedEmbeddingForward)(ids, table, scale, position_of, positions, out);
}

void EmbeddingBackward(std::span<const int32_t> rows, const ConstMatrix& dout, float scale, const Matrix& dtable) {
  HWY_DYNAMIC_DISPATCH(EmbeddingBackward)(rows, dout, scale, dtable);
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
