// SPDX-License-Identifier: Apache-2.0
#include "kernels/activation.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/activation.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/lanes-inl.h"
#include "kernels/sigmoid-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

// e^(-x^2 / 2), the normal density without its factor.
HWY_INLINE Floats Bell(Floats x) { return Exp(hn::Mul(hn::Mul(hn::Set(Tag(), -0.5f), x), x)); }

// Phi(x), the normal distribution; bell = Bell(x). Phi(-z) / Bell(z) is a smooth function of t = 1 / (1 + 0.26 z):
// t times a polynomial of degree 8, interpolated at Chebyshev nodes over 0 <= z <= 14, is off by less than 6e-8 of it.
HWY_INLINE Floats NormalDistribution(Floats x, Floats bell) {
  constexpr float kCoefficients[] = {0.10376885392925898f, 0.10284497882856720f,  0.10429178480788076f,
                                     0.04595599949389778f, 0.17317669598372104f,  -0.1691004410015868f,
                                     0.26773123182055870f, -0.16085816030172648f, 0.03218905869906535f};
  const Tag d;
  const Floats one = hn::Set(d, 1.0f);
  const Floats t = hn::Div(one, hn::MulAdd(hn::Set(d, 0.26f), hn::Abs(x), one));
  Floats ratio = hn::Set(d, kCoefficients[8]);
  for (int i = 7; i >= 0; --i) ratio = hn::MulAdd(ratio, t, hn::Set(d, kCoefficients[i]));
  const Floats below = hn::Mul(hn::Mul(ratio, t), bell);  // Phi(-|x|)
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), below, hn::Sub(one, below));
}

// Each activation: its value, and its value with its derivative. NaN gives NaN.
struct ValueAndSlope {
  Floats value, slope;
};

struct Relu {
  HWY_INLINE Floats Value(Floats x) const { return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(Tag())), x); }
  HWY_INLINE ValueAndSlope Both(Floats x) const {
    const Floats value = Value(x);  // where x is not above 0, the slope, too: 0, or NaN for NaN
    return {value, hn::IfThenElse(hn::Gt(x, hn::Zero(Tag())), hn::Set(Tag(), 1.0f), value)};
  }
};

struct Gelu {
  HWY_INLINE Floats Value(Floats x) const { return hn::Mul(x, NormalDistribution(x, Bell(x))); }
  // (x Phi)' = Phi + x phi
  HWY_INLINE ValueAndSlope Both(Floats x) const {
    const Floats bell = Bell(x), phi_factor = hn::Set(Tag(), 0.39894228040143268f);  // 1 / sqrt(2 pi)
    const Floats distribution = NormalDistribution(x, bell);
    return {hn::Mul(x, distribution), hn::MulAdd(hn::Mul(x, phi_factor), bell, distribution)};
  }
};

// 0.5 (1 + tanh(u)) = sigmoid(2 u).
struct GeluTanh {
  static constexpr float kTwoRoot = 1.5957691216057308f;  // 2 sqrt(2 / pi)
  static constexpr float kCubic = 0.044715f;

  HWY_INLINE Floats Inner(Floats x) const {  // 2 u
    const Tag d;
    return hn::Mul(hn::Mul(hn::Set(d, kTwoRoot), x), hn::MulAdd(hn::Set(d, kCubic), hn::Mul(x, x), hn::Set(d, 1.0f)));
  }
  HWY_INLINE Floats Value(Floats x) const { return hn::Mul(x, Sigmoid(Inner(x)).value); }
  // (x s(2u))' = s + x s (1 - s) 2u'
  HWY_INLINE ValueAndSlope Both(Floats x) const {
    const Tag d;
    const Sigmoid sigmoid(Inner(x));
    const Floats value = hn::Mul(x, sigmoid.value);
    const Floats square = hn::Min(hn::Mul(x, x), hn::Set(d, 1e30f));  // finite: it meets a factor of 0
    const Floats inner_slope = hn::MulAdd(hn::Set(d, 3 * kTwoRoot * kCubic), square, hn::Set(d, kTwoRoot));
    return {value, hn::MulAdd(hn::Mul(value, sigmoid.rest), inner_slope, sigmoid.value)};
  }
};

struct Silu {
  HWY_INLINE Floats Value(Floats x) const { return hn::Mul(x, Sigmoid(x).value); }
  // (x s)' = s + x s (1 - s)
  HWY_INLINE ValueAndSlope Both(Floats x) const {
    const Sigmoid sigmoid(x);
    const Floats value = hn::Mul(x, sigmoid.value);
    return {value, hn::MulAdd(value, sigmoid.rest, sigmoid.value)};
  }
};

struct GeluSigmoid {
  static constexpr float kFactor = 1.702f;

  HWY_INLINE Sigmoid Inner(Floats x) const { return Sigmoid(hn::Mul(hn::Set(Tag(), kFactor), x)); }
  HWY_INLINE Floats Value(Floats x) const { return hn::Mul(x, Inner(x).value); }
  // (x s(1.702 x))' = s + 1.702 x s (1 - s)
  HWY_INLINE ValueAndSlope Both(Floats x) const {
    const Sigmoid sigmoid = Inner(x);
    const Floats value = hn::Mul(x, sigmoid.value);
    return {value, hn::MulAdd(hn::Mul(hn::Set(Tag(), kFactor), value), sigmoid.rest, sigmoid.value)};
  }
};

template <class Body>
HWY_INLINE void WithActivation(Activation activation, const Body& body) {
  switch (activation) {
    case Activation::kRelu:
      return body(Relu());
    case Activation::kGelu:
      return body(Gelu());
    case Activation::kGeluTanh:
      return body(GeluTanh());
    case Activation::kSilu:
      return body(Silu());
    case Activation::kGeluSigmoid:
      return body(GeluSigmoid());
  }
}

void ActivationForward(Activation activation, const Matrix& x, const float* bias, const Matrix& y) {
  WithActivation(activation, [&](auto act) HWY_ATTR {
    for (int64_t r = 0; r < x.rows; ++r) {
      float* const from = x.Row(r);
      float* const to = y.Row(r);
      if (bias) {
        ForEachVector(x.cols, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
          const Floats biased = hn::Add(lanes.Load(from + i), lanes.Load(bias + i));
          lanes.Store(biased, from + i);
          lanes.Store(act.Value(biased), to + i);  // last: to may be from
        });
      } else {
        ForEachVector(x.cols, [=](int64_t i, auto lanes)
                                  DRAGOMAN_LANES { lanes.Store(act.Value(lanes.Load(from + i)), to + i); });
      }
    }
  });
}

void ActivationBackward(Activation activation, const ConstMatrix& dy, const ConstMatrix& x, const Matrix& dx) {
  WithActivation(activation, [&](auto act) HWY_ATTR {
    for (int64_t r = 0; r < x.rows; ++r) {
      const float* const dy_row = dy.Row(r);
      const float* const x_row = x.Row(r);
      float* const dx_row = dx.Row(r);
      ForEachVector(x.cols, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
        lanes.Store(hn::Mul(lanes.Load(dy_row + i), act.Both(lanes.Load(x_row + i)).slope), dx_row + i);
      });
    }
  });
}

void GatedForward(Activation activation, const ConstMatrix& gate, const ConstMatrix& x, const Matrix& y) {
  WithActivation(activation, [&](auto act) HWY_ATTR {
    for (int64_t r = 0; r < x.rows; ++r) {
      const float* const gate_row = gate.Row(r);
      const float* const x_row = x.Row(r);
      float* const y_row = y.Row(r);
      ForEachVector(x.cols, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
        lanes.Store(hn::Mul(act.Value(lanes.Load(gate_row + i)), lanes.Load(x_row + i)), y_row + i);
      });
    }
  });
}

void GatedBackward(Activation activation, const ConstMatrix& dy, const ConstMatrix& gate, const ConstMatrix& x,
                   const Matrix& dgate, const Matrix& dx) {
  WithActivation(activation, [&](auto act) HWY_ATTR {
    for (int64_t r = 0; r < x.rows; ++r) {
      const float* const dy_row = dy.Row(r);
      const float* const gate_row = gate.Row(r);
      const float* const x_row = x.Row(r);
      float* const dgate_row = dgate.Row(r);
      float* const dx_row = dx.Row(r);
      ForEachVector(x.cols, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
        const Floats up = lanes.Load(dy_row + i);
        const Floats dgate_over_slope = hn::Mul(up, lanes.Load(x_row + i));
        const ValueAndSlope both = act.Both(lanes.Load(gate_row + i));
        lanes.Store(hn::Mul(dgate_over_slope, both.slope), dgate_row + i);
        lanes.Store(hn::Mul(up, both.value), dx_row + i);
      });
    }
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(ActivationForward);
HWY_EXPORT(ActivationBackward);
HWY_EXPORT(GatedForward);
HWY_EXPORT(GatedBackward);

void ActivationForward(Activation activation, const Matrix& x, const float* bias, const Matrix& y) {
  HWY_DYNAMIC_DISPATCH(ActivationForward)(activation, x, bias, y);
}

void ActivationBackward(Activation activation, const ConstMatrix& dy, const ConstMatrix& x, const Matrix& dx) {
  HWY_DYNAMIC_DISPATCH(ActivationBackward)(activation, dy, x, dx);
}

void GatedForward(Activation activation, const ConstMatrix& gate, const ConstMatrix& x, const Matrix& y) {
  HWY_DYNAMIC_DISPATCH(GatedForward)(activation, gate, x, y);
}

void GatedBackward(Activation activation, const ConstMatrix& dy, const ConstMatrix& gate, const ConstMatrix& x,
                   const Matrix& dgate, const Matrix& dx) {
  HWY_DYNAMIC_DISPATCH(GatedBackward)(activation, dy, gate, x, dgate, dx);
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
