// SPDX-License-Identifier: Apache-2.0
// Walking over rows of any length in vectors. The last, partial vector goes through the same arithmetic as the others
// (its missing lanes are read as zeros and never written), so an element's result does not depend on where a row ends.
// Included once per instruction set (Highway's foreach_target).
#if defined(DRAGOMAN_KERNELS_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRAGOMAN_KERNELS_LANES_INL_H_
#undef DRAGOMAN_KERNELS_LANES_INL_H_
#else
#define DRAGOMAN_KERNELS_LANES_INL_H_
#endif

#include <cstdint>
#include <cstring>

#include "hwy/highway.h"

// For the lambdas given to the functions below: compiled for the instruction set at hand, and inlined, so that what
// they capture stays in registers.
#undef DRAGOMAN_LANES
#define DRAGOMAN_LANES HWY_ATTR __attribute__((always_inline))

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
using Floats = hn::Vec<Tag>;
constexpr int64_t kLanes = hn::MaxLanes(Tag());

// How a whole vector is read and written.
struct WholeLanes {
  HWY_INLINE Floats Load(const float* from) const { return hn::LoadU(Tag(), from); }
  HWY_INLINE Floats LoadOr(const float* from, float /*missing*/) const { return Load(from); }
  HWY_INLINE void Store(Floats v, float* to) const { hn::StoreU(v, Tag(), to); }
  HWY_INLINE Floats ZeroMissing(Floats v) const { return v; }
};

// How the first `count` lanes are; memory behind them is not touched.
struct FirstLanes {
  int64_t count;

#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_INLINE Floats LoadOr(const float* from, float missing) const {
    HWY_ALIGN float lanes[kLanes];
    hn::Store(hn::Set(Tag(), missing), Tag(), lanes);
    std::memcpy(lanes, from, count * sizeof(float));
    return hn::Load(Tag(), lanes);
  }
  HWY_INLINE void Store(Floats v, float* to) const {
    HWY_ALIGN float lanes[kLanes];
    hn::Store(v, Tag(), lanes);
    std::memcpy(to, lanes, count * sizeof(float));
  }
#else
  HWY_INLINE Floats LoadOr(const float* from, float missing) const {
    const auto mask = hn::FirstN(Tag(), count);
    return hn::IfThenElse(mask, hn::MaskedLoad(mask, Tag(), from), hn::Set(Tag(), missing));
  }
  HWY_INLINE void Store(Floats v, float* to) const { hn::BlendedStore(v, hn::FirstN(Tag(), count), Tag(), to); }
#endif
  HWY_INLINE Floats Load(const float* from) const { return LoadOr(from, 0.0f); }
  HWY_INLINE Floats ZeroMissing(Floats v) const { return hn::IfThenElseZero(hn::FirstN(Tag(), count), v); }
};

// body(i, lanes) for i = 0, N, 2N, ... below n; lanes.Load(p + i) and lanes.Store(v, p + i) do the rest.
template <class Body>
HWY_INLINE void ForEachVector(int64_t n, const Body& body) {
  const int64_t step = hn::Lanes(Tag());
  int64_t i = 0;
  for (; i + step <= n; i += step) body(i, WholeLanes());
  if (i < n) body(i, FirstLanes{n - i});
}

// A row's sum is made of kSumLanes * kChains parts, the longest vector's lanes in four accumulators, so that an
// addition need not wait for the one before it. Shorter vectors are several to an accumulator: which part an element
// falls in depends on its place alone, and the parts are added up in one order, so that every instruction set finds the
// same sum.
constexpr int64_t kSumLanes = 16;
constexpr int kChains = 4;
constexpr int kSumVecs = kSumLanes / kLanes;   // vectors of kSumLanes
constexpr int kSumParts = kChains * kSumVecs;  // vectors of them all

// The same for reductions: body(i, lanes, part) with part = 0, 1, ... kSumParts - 1, 0, ...: that of the vector's
// elements.
template <class Body>
HWY_INLINE void ForEachVectorInParts(int64_t n, const Body& body) {
  const int64_t step = hn::Lanes(Tag());
  int64_t i = 0;
  for (; i + kSumParts * step <= n; i += kSumParts * step) {
    HWY_UNROLL(64)
    for (int part = 0; part < kSumParts; ++part) body(i + part * step, WholeLanes(), part);
  }
  for (int part = 0; i < n; i += step, ++part) {
    if (i + step <= n) {
      body(i, WholeLanes(), part);
    } else {
      body(i, FirstLanes{n - i}, part);
    }
  }
}

// Adds up all lanes, each of the second half to one of the first, until one is left.
template <class D>
HWY_INLINE float FoldLanes(D d, hn::Vec<D> v) {
#if HWY_TARGET != HWY_SCALAR
  if constexpr (hn::MaxLanes(D()) > 4) {
    const hn::Half<D> half;
    return FoldLanes(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
#endif
  HWY_ALIGN float lanes[kLanes];
  hn::Store(v, d, lanes);
  for (size_t half = hn::Lanes(d) / 2; half > 0; half /= 2) {
    for (size_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
  }
  return lanes[0];
}

// Likewise the kSumLanes lanes of several vectors, which are overwritten.
HWY_INLINE float FoldLanes(Floats (&vecs)[kSumVecs]) {
  HWY_UNROLL(4)
  for (int half = kSumVecs / 2; half > 0; half /= 2) {
    for (int v = 0; v < half; ++v) vecs[v] = hn::Add(vecs[v], vecs[v + half]);
  }
  return FoldLanes(Tag(), vecs[0]);
}

// The parts of a sum, and their total.
struct Sums {
  Floats part[kSumParts];

  HWY_INLINE Sums() {
    for (Floats& sums : part) sums = hn::Zero(Tag());
  }
  // The four accumulators as one: vecs [kSumLanes].
  HWY_INLINE void AddChains(Floats (&vecs)[kSumVecs]) const {
    for (int v = 0; v < kSumVecs; ++v) {
      vecs[v] = hn::Add(hn::Add(part[v], part[kSumVecs + v]), hn::Add(part[2 * kSumVecs + v], part[3 * kSumVecs + v]));
    }
  }
  HWY_INLINE float Total() const {
    Floats vecs[kSumVecs];
    AddChains(vecs);
    return FoldLanes(vecs);
  }
};

// The largest of the parts of a row.
struct Largest {
  Floats part[kSumParts];

  HWY_INLINE explicit Largest(float least) {
    for (Floats& largest : part) largest = hn::Set(Tag(), least);
  }
  HWY_INLINE float Total() const {
    Floats all = part[0];
    for (const Floats& largest : part) all = hn::Max(all, largest);
    return hn::GetLane(hn::MaxOfLanes(Tag(), all));
  }
};

constexpr float kOnesAreLast = 12582912;  // 1.5 * 2^23: of a number near it the last bit is worth 1

// e^x of x <= 88, within a unit in the last place; 0 below the smallest normal float, NaN for NaN. With n the nearest
// whole number to x / ln 2 and r = x - n ln 2, it is 2^n e^r, and e^r nearly 1 + r + r^2 P(r): P is the polynomial
// whose largest error for |r| <= ln 2 / 2 is smallest (3e-9, by Remez' exchange), n ln 2 is taken off in two parts.
HWY_INLINE Floats Exp(Floats x) {
  constexpr float kLeast = -87.33654f;
  const Tag d;
  const hn::RebindToSigned<Tag> ints;
  const Floats shift = hn::Set(d, kOnesAreLast);
  const Floats shifted = hn::MulAdd(x, hn::Set(d, 1.44269504f), shift);
  const Floats n = hn::Sub(shifted, shift);
  const Floats r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), hn::NegMulAdd(n, hn::Set(d, 0.693359375f), x));
  const Floats r2 = hn::Mul(r, r);
  const Floats low = hn::MulAdd(r, hn::Set(d, 0.16666521f), hn::Set(d, 0.49999994f));
  const Floats high = hn::MulAdd(r, hn::Set(d, 0.008368745f), hn::Set(d, 0.04166839f));
  const Floats p = hn::MulAdd(r2, hn::MulAdd(r2, hn::Set(d, 0.001381454f), high), low);
  const Floats of_r = hn::Add(hn::MulAdd(r2, p, r), hn::Set(d, 1.0f));
  // 2^n by its bits: those of `shifted` end with n's.
  const auto exponent = hn::Add(hn::BitCast(ints, shifted), hn::Set(ints, 127));
  const Floats power = hn::BitCast(d, hn::ShiftLeft<23>(exponent));
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, kLeast)), hn::Mul(of_r, power));
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#endif  // DRAGOMAN_KERNELS_LANES_INL_H_
