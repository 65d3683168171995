// SPDX-License-Identifier: Apache-2.0
// What the forward and the backward pass of attention share. Both take the queries of one sentence and head in blocks
// of kQueryBlock, and lay out what they compute transposed, [keys, queries of the block]: a vector holds one key's
// scores for as many queries as it has lanes, so that softmax is lane-wise and no sum over a vector's lanes is ever
// needed. Lanes behind the block's last query repeat it; nothing reads what they hold.
// Included once per instruction set (Highway's foreach_target).
#include "kernels/attention_layout.h"

#if defined(DRAGOMAN_KERNELS_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRAGOMAN_KERNELS_ATTENTION_INL_H_
#undef DRAGOMAN_KERNELS_ATTENTION_INL_H_
#else
#define DRAGOMAN_KERNELS_ATTENTION_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/dropout-inl.h"
#include "kernels/lanes-inl.h"
#include "kernels/prefetch.h"
#include "kernels/small_gemm-inl.h"
#include "tensor/matrix.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

static_assert(kQueryBlock % kLanes == 0 && kMaxLanes % kLanes == 0);

// [keys, kQueryBlock] read as a left factor: one row per key, or one row per query.
using KeyRows = LeftFactor<FixedStride<kQueryBlock>, FixedStride<1>>;
using QueryRows = LeftFactor<FixedStride<1>, FixedStride<kQueryBlock>>;
// Rows of a packed matrix.
using TokenRows = LeftFactor<AnyStride, FixedStride<1>>;

// Columns of one head, with rows of whole vectors: the matrix itself, or a copy when d_head is not made of whole
// vectors.
template <class Element>
struct HeadRows {
  Element* data;
  int64_t stride;

  HeadRows From(int64_t row) const { return {data + row * stride, stride}; }
  TokenRows AsLeft() const { return {data, {stride}, {}}; }
  RightFactor AsRight() const { return {data, stride}; }
};

HWY_INLINE bool WholeVectors(int64_t d_head) { return d_head % kLanes == 0; }
HWY_INLINE int64_t PaddedHead(int64_t d_head) { return (d_head + kLanes - 1) / kLanes * kLanes; }

// Vectors that hold a block's queries.
HWY_INLINE int64_t VecsFor(int64_t queries) { return (queries + kLanes - 1) / kLanes; }

// One head's columns of one sentence's rows.
template <class Element>
HWY_INLINE MatrixView<Element> HeadOf(const MatrixView<Element>& m, int64_t begin, int64_t len, int64_t head,
                                      int64_t d_head) {
  return {m.data + begin * m.stride + head * d_head, len, d_head, m.stride};
}

// Fetches the columns behind head (the next head's). Each row holds but a few cache lines of a head, a pattern that the
// hardware does not foresee.
HWY_INLINE void PrefetchNextHead(const ConstMatrix& head) {
  constexpr int64_t kMostRows = 128;  // more rows would push each other out again
  if (head.rows > kMostRows) return;
  for (int64_t r = 0; r < head.rows; ++r) {
    for (int64_t c = head.cols; c < 2 * head.cols; c += kLineFloats) Prefetch(head.Row(r) + c);
  }
}

// The rows of m, or a copy of them with zeros behind, to read or write whole vectors of.
template <class Element>
HWY_INLINE HeadRows<Element> WholeRows(const MatrixView<Element>& m, ScratchTaker& scratch) {
  if (WholeVectors(m.cols)) return {m.data, m.stride};
  const int64_t width = PaddedHead(m.cols);
  float* copy = scratch.Take(m.rows * width);
  for (int64_t r = 0; r < m.rows; ++r) {
    std::copy_n(m.Row(r), m.cols, copy + r * width);
    std::fill(copy + r * width + m.cols, copy + (r + 1) * width, 0.0f);
  }
  return {copy, width};
}

// Brings what was written to WholeRows(m) to m.
HWY_INLINE void WriteBack(HeadRows<float> from, const Matrix& m) {
  if (WholeVectors(m.cols)) return;
  for (int64_t r = 0; r < m.rows; ++r) std::copy_n(from.data + r * from.stride, m.cols, m.Row(r));
}

// TransposeQueries(): transposed[c][r] = scale * x[r][c], c < width (whole vectors); the last row is repeated to the
// end of the vector.
#if HWY_TARGET == HWY_SCALAR
HWY_INLINE void TransposeQueries(HeadRows<const float> x, int64_t rows, int64_t width, float scale, float* transposed) {
  for (int64_t c = 0; c < width; ++c) {
    for (int64_t r = 0; r < rows; ++r) transposed[c * kQueryBlock + r] = scale * x.data[r * x.stride + c];
  }
}
#else
// One vector whose 128-bit block b holds the 4 floats at rows[4 * b + t] + c.
template <class D>
HWY_INLINE hn::Vec<D> LoadBlocks(D d, const float* const* rows, int64_t c) {
  if constexpr (hn::MaxLanes(D()) == 4) {
    return hn::LoadU(d, rows[0] + c);
  } else {
    const hn::Half<D> half;
    return hn::Combine(d, LoadBlocks(half, rows + hn::MaxLanes(D()) / 2, c), LoadBlocks(half, rows, c));
  }
}

HWY_INLINE void TransposeQueries(HeadRows<const float> x, int64_t rows, int64_t width, float scale, float* transposed) {
  const Tag d;
  const Floats factor = hn::Set(d, scale);
  for (int64_t first = 0; first < rows; first += kLanes) {
    const float* row[kLanes];
    for (int64_t r = 0; r < kLanes; ++r) row[r] = x.data + std::min(first + r, rows - 1) * x.stride;
    for (int64_t c = 0; c < width; c += 4) {
      // Each block of these four holds a row's four elements; what follows transposes every block of 4 x 4.
      const Floats x0 = LoadBlocks(d, row + 0, c), x1 = LoadBlocks(d, row + 1, c);
      const Floats x2 = LoadBlocks(d, row + 2, c), x3 = LoadBlocks(d, row + 3, c);
      const Floats low02 = hn::InterleaveLower(d, x0, x2), low13 = hn::InterleaveLower(d, x1, x3);
      const Floats high02 = hn::InterleaveUpper(d, x0, x2), high13 = hn::InterleaveUpper(d, x1, x3);
      float* to = transposed + c * kQueryBlock + first;
      hn::Store(hn::Mul(factor, hn::InterleaveLower(d, low02, low13)), d, to);
      hn::Store(hn::Mul(factor, hn::InterleaveUpper(d, low02, low13)), d, to + kQueryBlock);
      hn::Store(hn::Mul(factor, hn::InterleaveLower(d, high02, high13)), d, to + 2 * kQueryBlock);
      hn::Store(hn::Mul(factor, hn::InterleaveUpper(d, high02, high13)), d, to + 3 * kQueryBlock);
    }
  }
}
#endif

// The lanes of a vector of queries, the first of which is query `first` of its sentence.
struct QueryLanes {
  int64_t first;
  bool causal;

  // Keys before this one are visible to all lanes.
  HWY_INLINE int64_t AllVisible(int64_t keys) const { return causal ? std::min(keys, first + 1) : keys; }
  HWY_INLINE hn::Mask<Tag> KeyIsVisible(int64_t key) const {
    return hn::Ge(hn::Iota(Tag(), 0), hn::Set(Tag(), static_cast<float>(key - first)));
  }
};

// The dropout factors of a vector of queries.
class DropoutLanes {
 public:
  // first_row: the packed matrix's row of the first lane, counted on from the rows of the heads before.
  HWY_INLINE DropoutLanes(const Dropout& dropout, int64_t first_row)
      : mask_(Tag(), dropout), first_counters_(hn::ShiftLeft<12>(mask_.Counters(first_row))) {}

  HWY_INLINE Floats Factors(int64_t key) const {
    const DropoutMask<Tag>::Counter d;
    return mask_.Factors(hn::Add(first_counters_, hn::Set(d, static_cast<uint32_t>(key))));
  }

 private:
  DropoutMask<Tag> mask_;
  DropoutMask<Tag>::CounterVec first_counters_;  // of key 0: row * 4096
};

// Scores [keys, queries of the block] += the bias of one head, at[i - j]. begin: the block's first query in its
// sentence. A vector's queries follow one another, and so do their distances from one key.
HWY_INLINE void AddDistanceBias(const float* at, int64_t begin, int64_t queries, int64_t keys, float* scores) {
  const Tag d;
  for (int64_t lane = 0; lane < queries; lane += kLanes) {
    for (int64_t j = 0; j < keys; ++j) {
      float* const score = scores + j * kQueryBlock + lane;
      hn::Store(hn::Add(hn::Load(d, score), hn::LoadU(d, at + begin + lane - j)), d, score);
    }
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#endif  // DRAGOMAN_KERNELS_ATTENTION_INL_H_
