// SPDX-License-Identifier: Apache-2.0
// Products by weights of two bytes. Where the processor multiplies bfloat16, rows are rounded to it as well, and an
// instruction adds two products at a time; elsewhere weights are widened to f32 as they are read.
#include <algorithm>

#include "base/check.h"
#include "kernels/packed_rows.h"
#include "kernels/packed_weight.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm_half.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/lanes-inl.h"
#include "kernels/packed_weight-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

constexpr int kColumnVecs = kPanelColumns / kLanes;  // vectors that a panel's columns take

// One product of a step: its weights of a panel's columns, from `first` on, in f32.
struct Bf16Step {
  static constexpr int kProducts = StepProducts(PackedFormat::kBf16);
  // A column's two products are the halves of 32 bits; the upper half of an f32 is a bf16.
  static HWY_INLINE Floats Weights(const uint8_t* step, int64_t first, int product) {
    const hn::RebindToUnsigned<Tag> words;
    const auto both = hn::LoadU(words, reinterpret_cast<const uint32_t*>(step) + first);
    return hn::BitCast(Tag(), product == 0 ? hn::ShiftLeft<16>(both) : hn::And(both, hn::Set(words, 0xffff0000u)));
  }
};

struct F16Step {
  static constexpr int kProducts = StepProducts(PackedFormat::kF16);
  static HWY_INLINE Floats Weights(const uint8_t* step, int64_t first, int /*product*/) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_NEON
    const hn::Rebind<hwy::float16_t, Tag> halves;
    return hn::PromoteTo(Tag(), hn::LoadU(halves, reinterpret_cast<const hwy::float16_t*>(step) + first));
#else
    // Elsewhere Highway knows of no infinities. Fraction and exponent move to their places in an f32, whose exponent
    // then is 112 too small; of infinities and NaN it becomes the largest.
    const hn::RebindToUnsigned<Tag> words;
    const hn::Rebind<uint16_t, Tag> halves;
    const auto half = hn::PromoteTo(words, hn::LoadU(halves, reinterpret_cast<const uint16_t*>(step) + first));
    const auto moved = hn::ShiftLeft<13>(hn::And(half, hn::Set(words, 0x7fff)));
    const Floats finite = hn::Mul(hn::BitCast(Tag(), moved), hn::Set(Tag(), 0x1p112f));
    const Floats endless = hn::BitCast(Tag(), hn::Or(moved, hn::Set(words, 0x7f800000)));
    const Floats magnitude = hn::IfThenElse(hn::Lt(finite, hn::Set(Tag(), 65536.0f)), finite, endless);
    const auto sign = hn::ShiftLeft<16>(hn::And(half, hn::Set(words, 0x8000)));
    return hn::BitCast(Tag(), hn::Or(hn::BitCast(words, magnitude), sign));
#endif
  }
};

template <class Step>
struct WideningDots {
  struct Row {
    float products[Step::kProducts];
  };
  using Result = float;
#if HWY_TARGET == HWY_AVX3
  static constexpr int kRows = 8;
  static constexpr int kPanels = 3;
#else
  static constexpr int kRows = HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_NEON ? 6 : 2;
  static constexpr int kPanels = 1;
#endif

  template <int kTileRows, int kTilePanels>
  static HWY_NOINLINE void Sum(const PanelFactors<Row>& f, float* HWY_RESTRICT sums) {
    constexpr int kVecs = kTilePanels * kColumnVecs;
    constexpr int64_t kStepBytes = kPanelColumns * Step::kProducts * 2;
    Floats acc[kTileRows][kVecs];
    ZeroTile(Tag(), acc);
    for (int64_t i = 0; i < f.steps; ++i) {
      for (int product = 0; product < Step::kProducts; ++product) {
        Floats right[kVecs];
        HWY_UNROLL(16)
        for (int v = 0; v < kVecs; ++v) {
          right[v] = Step::Weights(f.panel + v / kColumnVecs * f.panel_bytes + i * kStepBytes,
                                   int64_t{v % kColumnVecs} * kLanes, product);
        }
        HWY_UNROLL(8)
        for (int r = 0; r < kTileRows; ++r) {
          const Floats left = hn::Set(Tag(), f.rows[r * f.row_stride + i].products[product]);
          for (int v = 0; v < kVecs; ++v) acc[r][v] = hn::MulAdd(left, right[v], acc[r][v]);
        }
      }
    }
    HWY_UNROLL(8)
    for (int r = 0; r < kTileRows; ++r) {
      for (int v = 0; v < kVecs; ++v) hn::StoreU(acc[r][v], Tag(), sums + (r * kVecs + v) * kLanes);
    }
  }
};

void MultiplyHalf(const PackedRows& x, const PackedWeight& w, const Epilogue& epilogue, const Matrix& y) {
  if (w.format == PackedFormat::kBf16) {
    MultiplyPanels<WideningDots<Bf16Step>>(x, w, epilogue, y);
  } else {
    MultiplyPanels<WideningDots<F16Step>>(x, w, epilogue, y);
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_TARGET == HWY_AVX3
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",avx512bf16")  // HWY_BEFORE_NAMESPACE, and what Highway's AVX3 does not ask for
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

// A step of a row is its pair in 32 bits.
struct PairDots {
  using Row = float;
  using Result = float;
  static constexpr int kRows = 8;
  static constexpr int kPanels = 3;

  template <int kTileRows, int kTilePanels>
  static HWY_NOINLINE void Sum(const PanelFactors<Row>& f, float* HWY_RESTRICT sums) {
    constexpr int64_t kStepBytes = kPanelColumns * StepProducts(PackedFormat::kBf16) * 2;
    __m512 acc[kTileRows][kTilePanels];
    HWY_UNROLL(8)
    for (int r = 0; r < kTileRows; ++r) {
      for (int p = 0; p < kTilePanels; ++p) acc[r][p] = _mm512_setzero_ps();
    }
    for (int64_t i = 0; i < f.steps; ++i) {
      __m512i right[kTilePanels];
      for (int p = 0; p < kTilePanels; ++p) right[p] = _mm512_load_si512(f.panel + p * f.panel_bytes + i * kStepBytes);
      HWY_UNROLL(8)
      for (int r = 0; r < kTileRows; ++r) {
        const __m512 left = _mm512_set1_ps(f.rows[r * f.row_stride + i]);
        for (int p = 0; p < kTilePanels; ++p) {
          acc[r][p] = _mm512_dpbf16_ps(acc[r][p], (__m512bh)left, (__m512bh)right[p]);
        }
      }
    }
    HWY_UNROLL(8)
    for (int r = 0; r < kTileRows; ++r) {
      for (int p = 0; p < kTilePanels; ++p) {
        _mm512_store_ps(sums + (r * kTilePanels + p) * kPanelColumns, acc[r][p]);
      }
    }
  }
};

// `count` floats become pairs, one of an odd count with 0.
HWY_NOINLINE void RoundRowToPairs(const float* from, int64_t count, float* to) {
  const auto load = [&](int64_t at) HWY_ATTR {
    const auto lanes = static_cast<size_t>(std::clamp<int64_t>(count - at, 0, kLanes));
    return hn::MaskedLoad(hn::FirstN(Tag(), lanes), Tag(), from + at).raw;
  };
  for (int64_t i = 0; i < count; i += 2 * kLanes) {
    const __m512bh rounded = _mm512_cvtne2ps_pbh(load(i + kLanes), load(i));
    const auto pairs = static_cast<size_t>(std::min<int64_t>((count - i + 1) / 2, kLanes));
    hn::BlendedStore(Floats{_mm512_castsi512_ps((__m512i)rounded)}, hn::FirstN(Tag(), pairs), Tag(), to + i / 2);
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_POP_ATTRIBUTES
#endif  // HWY_TARGET == HWY_AVX3

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

void RoundToPairs(const ConstMatrix& x, const PackedRows& to) {
#if HWY_TARGET == HWY_AVX3
  for (int64_t r = 0; r < x.rows; ++r) {
    RoundRowToPairs(x.Row(r), x.cols, static_cast<float*>(to.values) + r * to.steps);
  }
#endif
}

void MultiplyPairs(const PackedRows& x, const PackedWeight& w, const Epilogue& epilogue, const Matrix& y) {
#if HWY_TARGET == HWY_AVX3
  MultiplyPanels<PairDots>(x, w, epilogue, y);
#endif
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(MultiplyHalf);
HWY_EXPORT(RoundToPairs);
HWY_EXPORT(MultiplyPairs);

void RoundRowsToBf16(const ConstMatrix& x, const PackedRows& to) {
  DRAGOMAN_CHECK(HasFastBf16());
  HWY_DYNAMIC_DISPATCH(RoundToPairs)(x, to);
}

void GemmBf16Panels(const PackedRows& x, const PackedWeight& w, const Epilogue& epilogue, const Matrix& y) {
  DRAGOMAN_CHECK(HasFastBf16());
  HWY_DYNAMIC_DISPATCH(MultiplyPairs)(x, w, epilogue, y);
}

void GemmHalf(const PackedRows& x, const PackedWeight& w, const Epilogue& epilogue, const Matrix& y) {
  HWY_DYNAMIC_DISPATCH(MultiplyHalf)(x, w, epilogue, y);
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
