// SPDX-License-Identifier: Apache-2.0
#include "kernels/copy_logits.h"

#include <algorithm>
#include <cmath>

#include "kernels/gemm.h"

namespace dragoman::kernels {
namespace {

// log(exp(a) + exp(b))
float LogAddExp(float a, float b) { return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b))); }

}  // namespace

// A few hundred exponentials beside the thousands of the softmax that follows: not worth vectors.
void AddCopies(std::span<const int32_t> ids, const float* scores, float scale, float* logits, float* kept) {
  const size_t n = ids.size();
  if (kept != nullptr) {
    for (size_t j = 0; j < n; ++j) kept[j] = logits[ids[j]];
  }
  for (size_t j = 0; j < n; ++j) logits[ids[j]] = LogAddExp(logits[ids[j]], scale * scores[j]);
  if (kept != nullptr) {
    for (size_t j = 0; j < n; ++j) kept[n + j] = logits[ids[j]];
  }
}

void AddCopiesBackward(std::span<const int32_t> ids, const float* scores, float scale, float* kept, float* dlogits,
                       float* dscores) {
  const size_t n = ids.size();
  float* const before = kept;
  const float* const after = kept + n;
  for (size_t j = 0; j < n; ++j) {
    const float gradient = dlogits[ids[j]];
    dscores[j] = scale * gradient * std::exp(scale * scores[j] - after[j]);
    before[j] = gradient * std::exp(before[j] - after[j]);
  }
  // Only now: a token that stands several times in the source has one logit, whose gradient shrinks once.
  for (size_t j = 0; j < n; ++j) dlogits[ids[j]] = before[j];
}

void AddCopies(const ConstMatrix& q, std::span<const int32_t> memory_of, std::span<const CopyMemory> memories,
               float scale, const Matrix& scores, const Matrix& logits) {
  for (int64_t begin = 0, end = 0; begin < q.rows; begin = end) {
    const auto at = static_cast<size_t>(memory_of[static_cast<size_t>(begin)]);
    while (end < q.rows && memory_of[static_cast<size_t>(end)] == memory_of[static_cast<size_t>(begin)]) ++end;
    const CopyMemory& memory = memories[at];
    const Matrix own = scores.Rows(begin, end - begin).Cols(0, memory.keys.rows);
    Gemm(q.Rows(begin, end - begin), Transpose::kNo, memory.keys, Transpose::kYes, own);
    for (int64_t r = begin; r < end; ++r) AddCopies(memory.ids, scores.Row(r), scale, logits.Row(r), /*kept=*/nullptr);
  }
}

}  // namespace dragoman::kernels
