// SPDX-License-Identifier: Apache-2.0
// Products of factors rounded to 8 bits. Bytes of weights are 0 to 255, and those of rows -127 to 127: the products
// that the weights' 128 brings with it are the row's sum times 128, which each sum gives back.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "kernels/packed_rows.h"
#include "kernels/packed_weight.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm_int8.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/lanes-inl.h"
#include "kernels/packed_weight-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

constexpr int64_t kStepProducts = StepProducts(PackedFormat::kInt8);
constexpr int64_t kPanelStepBytes = kPanelColumns * kStepProducts;

// A step of a row is its four bytes in an int32_t.

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
// Bytes become 16 bits wide; an instruction multiplies them and adds up neighbours, in two sums of each column.
#if HWY_TARGET == HWY_AVX3
using Words = __m512i;
HWY_INLINE Words WeightsOf(const uint8_t* from) {
  return _mm512_cvtepu8_epi16(_mm256_load_si256((const __m256i*)from));
}
HWY_INLINE Words StepEverywhere(int32_t bytes) { return _mm512_cvtepi8_epi16(_mm256_set1_epi32(bytes)); }
HWY_INLINE Words AddPairs(Words sums, Words a, Words b) { return _mm512_add_epi32(sums, _mm512_madd_epi16(a, b)); }
HWY_INLINE Words NoSums() { return _mm512_setzero_si512(); }
HWY_INLINE void StoreWords(Words sums, int32_t* to) { _mm512_storeu_si512(to, sums); }
#else
using Words = __m256i;
HWY_INLINE Words WeightsOf(const uint8_t* from) { return _mm256_cvtepu8_epi16(_mm_load_si128((const __m128i*)from)); }
HWY_INLINE Words StepEverywhere(int32_t bytes) { return _mm256_cvtepi8_epi16(_mm_set1_epi32(bytes)); }
HWY_INLINE Words AddPairs(Words sums, Words a, Words b) { return _mm256_add_epi32(sums, _mm256_madd_epi16(a, b)); }
HWY_INLINE Words NoSums() { return _mm256_setzero_si256(); }
HWY_INLINE void StoreWords(Words sums, int32_t* to) { _mm256_storeu_si256((__m256i*)to, sums); }
#endif

struct WordDots {
  using Row = int32_t;
  using Result = int32_t;
  static constexpr int kPanelWords = kPanelStepBytes * 2 / sizeof(Words);  // vectors of a panel's step
  static constexpr int kRows = HWY_TARGET == HWY_AVX3 ? 6 : 3;
  static constexpr int kPanels = HWY_TARGET == HWY_AVX3 ? 2 : 1;

  template <int kTileRows, int kTilePanels>
  static HWY_NOINLINE void Sum(const PanelFactors<Row>& f, int32_t* HWY_RESTRICT sums) {
    constexpr int kVecs = kTilePanels * kPanelWords;
    constexpr int64_t kVecBytes = sizeof(Words) / 2;
    Words acc[kTileRows][kVecs];
    HWY_UNROLL(8)
    for (int r = 0; r < kTileRows; ++r) {
      for (int v = 0; v < kVecs; ++v) acc[r][v] = NoSums();
    }
    for (int64_t i = 0; i < f.steps; ++i) {
      Words left[kTileRows];
      HWY_UNROLL(8)
      for (int r = 0; r < kTileRows; ++r) left[r] = StepEverywhere(f.rows[r * f.row_stride + i]);
      HWY_UNROLL(8)
      for (int v = 0; v < kVecs; ++v) {
        const Words right =
            WeightsOf(f.panel + v / kPanelWords * f.panel_bytes + i * kPanelStepBytes + v % kPanelWords * kVecBytes);
        HWY_UNROLL(8)
        for (int r = 0; r < kTileRows; ++r) acc[r][v] = AddPairs(acc[r][v], left[r], right);
      }
    }
    for (int r = 0; r < kTileRows; ++r) {
      int32_t pairs[kVecs * sizeof(Words) / sizeof(int32_t)];
      for (int v = 0; v < kVecs; ++v) StoreWords(acc[r][v], pairs + v * sizeof(Words) / sizeof(int32_t));
      int32_t* const row = sums + r * kTilePanels * kPanelColumns;
      for (int c = 0; c < kTilePanels * kPanelColumns; ++c) {
        row[c] = pairs[2 * c] + pairs[2 * c + 1] - kInt8Zero * f.row_sums[r];
      }
    }
  }
};
#endif

struct PlainDots {
  using Row = int32_t;
  using Result = int32_t;
  static constexpr int kRows = 4;
  static constexpr int kPanels = 1;

  template <int kTileRows, int kTilePanels>
  static void Sum(const PanelFactors<Row>& f, int32_t* HWY_RESTRICT sums) {
    static_assert(kTilePanels == 1);
    for (int r = 0; r < kTileRows; ++r)
      std::fill_n(sums + r * kPanelColumns, kPanelColumns, -kInt8Zero * f.row_sums[r]);
    for (int64_t i = 0; i < f.steps; ++i) {
      for (int r = 0; r < kTileRows; ++r) {
        const auto* const left = reinterpret_cast<const int8_t*>(f.rows + r * f.row_stride + i);
        const uint8_t* const right = f.panel + i * kPanelStepBytes;
        for (int64_t c = 0; c < kPanelColumns; ++c) {
          for (int64_t j = 0; j < kStepProducts; ++j) {
            sums[r * kPanelColumns + c] += int32_t{left[j]} * right[c * kStepProducts + j];
          }
        }
      }
    }
  }
};

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
using BestDots = WordDots;
#else
using BestDots = PlainDots;
#endif

void MultiplyInt8(const PackedRows& x, const PackedWeight& w, const Epilogue& epilogue, const Matrix& y) {
  MultiplyPanels<BestDots>(x, w, epilogue, y);
}

constexpr float kLevels = 127;

// 1 / a scale; 0 where there is nothing but zeros, or all but.
HWY_INLINE float InverseScale(float largest) {
  const float inverse = kLevels / largest;
  return inverse <= std::numeric_limits<float>::max() ? inverse : 0.0f;
}

using Ints = hn::Vec<hn::RebindToSigned<Tag>>;

// The nearest whole number; of two, the even one. |x| < 2^22.
HWY_INLINE Ints NearestInts(Floats x) {
  const hn::RebindToSigned<Tag> ints;
  const Floats shift = hn::Set(Tag(), kOnesAreLast);
  return hn::Sub(hn::BitCast(ints, hn::Add(x, shift)), hn::BitCast(ints, shift));
}

// The last byte of each.
HWY_INLINE void StoreBytes(Ints v, WholeLanes /*lanes*/, int8_t* to) {
  const hn::RebindToUnsigned<Tag> words;
  const auto bytes = hn::U8FromU32(hn::And(hn::BitCast(words, v), hn::Set(words, 255)));
  hn::StoreU(bytes, hn::Rebind<uint8_t, Tag>(), reinterpret_cast<uint8_t*>(to));
}
HWY_INLINE void StoreBytes(Ints v, FirstLanes lanes, int8_t* to) {
  HWY_ALIGN int8_t all[kLanes];
  StoreBytes(v, WholeLanes(), all);
  std::copy_n(all, lanes.count, to);
}

// The scale says that the row holds no finite numbers.
void SpoilRow(const PackedRows& to, int64_t r) {
  std::fill_n(static_cast<int8_t*>(to.values) + r * to.steps * kStepProducts, to.steps * kStepProducts, int8_t{0});
  to.scales[r] = std::numeric_limits<float>::quiet_NaN();
  to.sums[r] = 0;
}

void RoundInt8(const ConstMatrix& x, const PackedRows& to) {
  const Tag d;
  const hn::RebindToSigned<Tag> ints;
  for (int64_t r = 0; r < x.rows; ++r) {
    const float* const from = x.Row(r);
    // By their bits, magnitudes are ordered as numbers are, and those that are no finite numbers come last.
    Ints largest = hn::Zero(ints);
    ForEachVector(x.cols, [&](int64_t i, auto lanes) DRAGOMAN_LANES {
      largest = hn::Max(largest, hn::BitCast(ints, hn::Abs(lanes.Load(from + i))));
    });
    const float max = hn::GetLane(hn::BitCast(d, hn::MaxOfLanes(ints, largest)));
    const float inverse = InverseScale(max);
    auto* const bytes = static_cast<int8_t*>(to.values) + r * to.steps * kStepProducts;
    if (!std::isfinite(max)) {
      SpoilRow(to, r);
      continue;
    }
    to.scales[r] = inverse > 0 ? max / kLevels : 0.0f;
    const Floats factor = hn::Set(d, inverse);
    Ints sums = hn::Zero(ints);
    ForEachVector(x.cols, [&](int64_t i, auto lanes) DRAGOMAN_LANES {
      const Ints levels = NearestInts(hn::Mul(lanes.Load(from + i), factor));
      StoreBytes(levels, lanes, bytes + i);
      sums = hn::Add(sums, levels);
    });
    std::fill(bytes + x.cols, bytes + to.steps * kStepProducts, int8_t{0});
    to.sums[r] = hn::GetLane(hn::SumOfLanes(ints, sums));
  }
}

void MultiplyToInt8(const ConstMatrix& x, float multiplier, const PackedRows& to) {
  const Tag d;
  const hn::RebindToSigned<Tag> ints;
  const Floats factor = hn::Set(d, multiplier), least = hn::Set(d, -kLevels), most = hn::Set(d, kLevels);
  for (int64_t r = 0; r < x.rows; ++r) {
    const float* const from = x.Row(r);
    auto* const bytes = static_cast<int8_t*>(to.values) + r * to.steps * kStepProducts;
    Ints largest = hn::Zero(ints), sums = hn::Zero(ints);
    ForEachVector(x.cols, [&](int64_t i, auto lanes) DRAGOMAN_LANES {
      const Floats v = lanes.Load(from + i);
      largest = hn::Max(largest, hn::BitCast(ints, hn::Abs(v)));
      // Cut before it is rounded, since only what is small can be; ±127 are whole, so that it is the same.
      const Ints levels = NearestInts(hn::Min(hn::Max(hn::Mul(v, factor), least), most));
      StoreBytes(levels, lanes, bytes + i);
      sums = hn::Add(sums, levels);
    });
    if (!std::isfinite(hn::GetLane(hn::BitCast(d, hn::MaxOfLanes(ints, largest))))) {
      SpoilRow(to, r);
      continue;
    }
    std::fill(bytes + x.cols, bytes + to.steps * kStepProducts, int8_t{0});
    to.scales[r] = 1 / multiplier;
    to.sums[r] = hn::GetLane(hn::SumOfLanes(ints, sums));
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_TARGET == HWY_AVX3
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",avx512vnni")  // HWY_BEFORE_NAMESPACE, and what Highway's AVX3 does not ask for
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

// An instruction multiplies a column's four bytes by the row's and adds all to its sum.
struct ByteDots {
  using Row = int32_t;
  using Result = int32_t;
  static constexpr int kRows = 8;
  static constexpr int kPanels = 3;

  template <int kTileRows, int kTilePanels>
  static HWY_NOINLINE void Sum(const PanelFactors<Row>& f, int32_t* HWY_RESTRICT sums) {
    __m512i acc[kTileRows][kTilePanels];
    HWY_UNROLL(8)
    for (int r = 0; r < kTileRows; ++r) {
      for (int p = 0; p < kTilePanels; ++p) acc[r][p] = _mm512_set1_epi32(-kInt8Zero * f.row_sums[r]);
    }
    for (int64_t i = 0; i < f.steps; ++i) {
      __m512i right[kTilePanels];
      for (int p = 0; p < kTilePanels; ++p) {
        right[p] = _mm512_load_si512(f.panel + p * f.panel_bytes + i * kPanelStepBytes);
      }
      HWY_UNROLL(8)
      for (int r = 0; r < kTileRows; ++r) {
        const __m512i left = _mm512_set1_epi32(f.rows[r * f.row_stride + i]);
        for (int p = 0; p < kTilePanels; ++p) acc[r][p] = _mm512_dpbusd_epi32(acc[r][p], right[p], left);
      }
    }
    HWY_UNROLL(8)
    for (int r = 0; r < kTileRows; ++r) {
      for (int p = 0; p < kTilePanels; ++p) {
        _mm512_store_si512(sums + (r * kTilePanels + p) * kPanelColumns, acc[r][p]);
      }
    }
  }
};

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_POP_ATTRIBUTES
#endif  // HWY_TARGET == HWY_AVX3

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

bool MultipliesBytes() { return HWY_TARGET == HWY_AVX3; }

void MultiplyBytes(const PackedRows& x, const PackedWeight& w, const Epilogue& epilogue, const Matrix& y) {
#if HWY_TARGET == HWY_AVX3
  MultiplyPanels<ByteDots>(x, w, epilogue, y);
#endif
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(MultiplyInt8);
HWY_EXPORT(MultipliesBytes);
HWY_EXPORT(MultiplyBytes);
HWY_EXPORT(RoundInt8);
HWY_EXPORT(MultiplyToInt8);

namespace {
bool vnni_is_allowed = true;
}  // namespace

void AllowVnni(bool allowed) { vnni_is_allowed = allowed; }

bool UsesVnni() {
#if HWY_ARCH_X86
  static const bool processor_has = __builtin_cpu_supports("avx512vnni");
  return processor_has && vnni_is_allowed && HWY_DYNAMIC_DISPATCH(MultipliesBytes)();
#else
  return false;
#endif
}

void RoundRowsToInt8(const ConstMatrix& x, const PackedRows& to) { HWY_DYNAMIC_DISPATCH(RoundInt8)(x, to); }

void MultiplyRowsToInt8(const ConstMatrix& x, float multiplier, const PackedRows& to) {
  HWY_DYNAMIC_DISPATCH(MultiplyToInt8)(x, multiplier, to);
}

void GemmInt8(const PackedRows& x, const PackedWeight& w, const Epilogue& epilogue, const Matrix& y) {
  DRAGOMAN_CHECK(w.k <= kMostInt8Products);
  if (UsesVnni()) {
    HWY_DYNAMIC_DISPATCH(MultiplyBytes)(x, w, epilogue, y);
  } else {
    HWY_DYNAMIC_DISPATCH(MultiplyInt8)(x, w, epilogue, y);
  }
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
