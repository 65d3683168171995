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

#include "hwy/contrib/math/math-inl.h"
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

// The same for reductions: body(i, lanes, chain) with chain = 0, 1, 2, 3, 0, ...: four accumulators, so that an
// operation need not wait for the one before it. Which chain an element falls in depends on i alone.
constexpr int kChains = 4;
template <class Body>
HWY_INLINE void ForEachVectorInChains(int64_t n, const Body& body) {
  const int64_t step = hn::Lanes(Tag());
  int64_t i = 0;
  for (; i + kChains * step <= n; i += kChains * step) {
    body(i, WholeLanes(), 0);
    body(i + step, WholeLanes(), 1);
    body(i + 2 * step, WholeLanes(), 2);
    body(i + 3 * step, WholeLanes(), 3);
  }
  for (int chain = 0; i < n; i += step, ++chain) {
    if (i + step <= n) {
      body(i, WholeLanes(), chain);
    } else {
      body(i, FirstLanes{n - i}, chain);
    }
  }
}

// Four accumulators and their total.
struct Sums {
  Floats chain[kChains];

  HWY_INLINE Sums() { chain[0] = chain[1] = chain[2] = chain[3] = hn::Zero(Tag()); }
  HWY_INLINE Floats Lanes() const { return hn::Add(hn::Add(chain[0], chain[1]), hn::Add(chain[2], chain[3])); }
  HWY_INLINE float Total() const { return hn::GetLane(hn::SumOfLanes(Tag(), Lanes())); }
};

// e^x, and NaN for NaN (Highway's Exp would give 0 and so hide that something went wrong). x <= 88.
HWY_INLINE Floats ExpOrNan(Floats x) { return hn::IfThenElse(hn::Eq(x, x), hn::Exp(Tag(), x), x); }

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#endif  // DRAGOMAN_KERNELS_LANES_INL_H_
