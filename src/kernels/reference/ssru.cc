// SPDX-License-Identifier: Apache-2.0
#include "kernels/reference/ssru.h"

#include <algorithm>
#include <cmath>

namespace dragoman::kernels::reference {
namespace {

double Sigmoid(float x) { return 1 / (1 + std::exp(-double{x})); }

}  // namespace

void SsruForward(const Packing& packing, const ConstMatrix& forget, const ConstMatrix& x, const Matrix& cells,
                 const Matrix& h) {
  for (int64_t s = 0; s < packing.sentences(); ++s) {
    for (int64_t i = 0; i < x.cols; ++i) {
      double c = 0;
      for (int64_t t = packing.Begin(s); t < packing.Begin(s) + packing.Length(s); ++t) {
        const double f = Sigmoid(forget.At(t, i));
        c = f * c + (1 - f) * double{x.At(t, i)};
        cells.At(t, i) = static_cast<float>(c);
        h.At(t, i) = static_cast<float>(std::max(0.0, c));
      }
    }
  }
}

void SsruBackward(const Packing& packing, const ConstMatrix& forget, const ConstMatrix& x, const ConstMatrix& cells,
                  const ConstMatrix& dh, const Matrix& dforget, const Matrix& dx) {
  for (int64_t s = 0; s < packing.sentences(); ++s) {
    for (int64_t i = 0; i < x.cols; ++i) {
      double dc = 0;  // of the token at hand, by way of those behind it
      for (int64_t t = packing.Begin(s) + packing.Length(s) - 1; t >= packing.Begin(s); --t) {
        const double f = Sigmoid(forget.At(t, i));
        const double before = t > packing.Begin(s) ? double{cells.At(t - 1, i)} : 0;
        if (cells.At(t, i) > 0) dc += double{dh.At(t, i)};
        dforget.At(t, i) = static_cast<float>(dc * (before - double{x.At(t, i)}) * f * (1 - f));
        dx.At(t, i) = static_cast<float>(dc * (1 - f));
        dc *= f;
      }
    }
  }
}

}  // namespace dragoman::kernels::reference
