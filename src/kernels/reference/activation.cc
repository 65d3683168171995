// SPDX-License-Identifier: Apache-2.0
#include "kernels/reference/activation.h"

#include <cmath>

namespace dragoman::kernels::reference {
namespace {

constexpr double kPi = 3.14159265358979323846;

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double NormalDistribution(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double NormalDensity(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * kPi); }
double GeluTanhInner(double x) { return std::sqrt(2 / kPi) * (x + 0.044715 * x * x * x); }

}  // namespace

double Activate(Activation activation, double x) {
  switch (activation) {
    case Activation::kRelu:
      return x < 0 ? 0 : x;
    case Activation::kGelu:
      return x * NormalDistribution(x);
    case Activation::kGeluTanh:
      return 0.5 * x * (1 + std::tanh(GeluTanhInner(x)));
    case Activation::kSilu:
      return x * Sigmoid(x);
    case Activation::kGeluSigmoid:
      return x * Sigmoid(1.702 * x);
  }
  return 0;
}

double ActivationSlope(Activation activation, double x) {
  switch (activation) {
    case Activation::kRelu:
      return x > 0 ? 1 : std::isnan(x) ? x : 0;
    case Activation::kGelu:
      return NormalDistribution(x) + x * NormalDensity(x);
    case Activation::kGeluTanh: {
      const double tanh = std::tanh(GeluTanhInner(x));
      const double inner_slope = std::sqrt(2 / kPi) * (1 + 3 * 0.044715 * x * x);
      return 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * inner_slope;
    }
    case Activation::kSilu:
      return Sigmoid(x) + x * Sigmoid(x) * Sigmoid(-x);
    case Activation::kGeluSigmoid:
      return Sigmoid(1.702 * x) + 1.702 * x * Sigmoid(1.702 * x) * Sigmoid(-1.702 * x);
  }
  return 0;
}

void ActivationForward(Activation activation, const Matrix& x, const float* bias, const Matrix& y) {
  for (int64_t r = 0; r < x.rows; ++r) {
    for (int64_t c = 0; c < x.cols; ++c) {
      if (bias) x.At(r, c) += bias[c];
      y.At(r, c) = static_cast<float>(Activate(activation, x.At(r, c)));
    }
  }
}

void ActivationBackward(Activation activation, const ConstMatrix& dy, const ConstMatrix& x, const Matrix& dx) {
  for (int64_t r = 0; r < x.rows; ++r) {
    for (int64_t c = 0; c < x.cols; ++c) {
      dx.At(r, c) = static_cast<float>(dy.At(r, c) * ActivationSlope(activation, x.At(r, c)));
    }
  }
}

void GatedForward(Activation activation, const ConstMatrix& gate, const ConstMatrix& x, const Matrix& y) {
  for (int64_t r = 0; r < x.rows; ++r) {
    for (int64_t c = 0; c < x.cols; ++c) {
      y.At(r, c) = static_cast<float>(Activate(activation, gate.At(r, c)) * x.At(r, c));
    }
  }
}

void GatedBackward(Activation activation, const ConstMatrix& dy, const ConstMatrix& gate, const ConstMatrix& x,
                   const Matrix& dgate, const Matrix& dx) {
  for (int64_t r = 0; r < x.rows; ++r) {
    for (int64_t c = 0; c < x.cols; ++c) {
      const double up = dy.At(r, c), g = gate.At(r, c);
      dgate.At(r, c) = static_cast<float>(up * x.At(r, c) * ActivationSlope(activation, g));
      dx.At(r, c) = static_cast<float>(up * Activate(activation, g));
    }
  }
}

}  // namespace dragoman::kernels::reference
