// SPDX-License-Identifier: Apache-2.0
// For tests: holds the gradients of any computation on a tape against numerical ones.
//
// The loss is summed in double, and its derivative is taken from four values (f(x+h), f(x-h), f(x+2h), f(x-2h)), whose
// error falls with h^4: so h can be so large that the f32 rounding of the forward pass (1e-7 or so of each element,
// summed over some tens of elements) is small beside the difference.
#ifndef DRAGOMAN_AUTOGRAD_GRADIENT_TESTING_H_
#define DRAGOMAN_AUTOGRAD_GRADIENT_TESTING_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/parameter.h"
#include "autograd/tape.h"
#include "base/rng.h"

namespace dragoman {

// A matrix that owns its floats, to be put into a workspace as an input.
struct TestInput {
  TestInput(std::string name_in, int64_t rows_in, int64_t cols_in, uint64_t seed)
      : name(std::move(name_in)), rows(rows_in), cols(cols_in), values(static_cast<size_t>(rows_in * cols_in)) {
    Rng rng(seed);
    for (float& v : values) v = static_cast<float>(rng.Normal());
  }

  Variable In(Workspace& workspace) const {
    Variable x = workspace.New(rows, cols);
    std::copy(values.begin(), values.end(), x.writable().data);
    return x;
  }

  std::string name;
  int64_t rows, cols;
  std::vector<float> values;
};

// Parameters are zero after Allocate(); a check wants them all to matter.
inline void FillRandom(ParameterStore& store, uint64_t seed, double scale = 0.5) {
  Rng rng(seed);
  for (const auto& parameter : store.parameters()) {
    for (float& w : store.Writable(*parameter)) w = static_cast<float>(rng.Normal() * scale);
  }
}

// The end of a computation that has no loss of its own: sum of y's elements, each times a fixed weight in [-1, 1),
// which is also where the backward pass starts from.
inline double WeightedSum(Workspace& workspace, const Variable& y) {
  Rng rng(99);
  double loss = 0;
  const Matrix dy = workspace.tape()->SlotFor(y).matrix;
  for (int64_t i = 0; i < dy.size(); ++i) {
    dy.data[i] = static_cast<float>(2 * rng.Uniform() - 1);
    loss += double{dy.data[i]} * double{y.value().data[i]};
  }
  return loss;
}

class GradientCheck {
 public:
  // Computes the loss, and gives its last variable a gradient: by WeightedSum or OutputLoss.
  using Loss = std::function<double(Workspace&, const std::vector<Variable>& inputs)>;

  // loss may use the store's parameters and the inputs. It runs under a tape, always with the same dropout key,
  // so masks are the same every time.
  GradientCheck(ParameterStore& store, std::vector<TestInput> inputs, Loss loss)
      : store_(store),
        inputs_(std::move(inputs)),
        loss_(std::move(loss)),
        unused_gradients_(static_cast<size_t>(store.flat_size())) {}

  // Compares every element of every input and parameter; of a tensor of more than `most` elements, that many spread
  // over it. `tolerance` is relative to the tensor's largest gradient, or to 1 where that is less; single ops keep to
  // 2e-5, and a term forgotten or a factor too many is off by tenths.
  void Run(double tolerance = 1e-4, size_t most = 1000) {
    std::vector<float> gradients(static_cast<size_t>(store_.flat_size()), 0.0f);
    std::vector<std::vector<float>> input_gradients;
    Differentiate(gradients, input_gradients);
    for (size_t i = 0; i < inputs_.size(); ++i) {
      Compare(inputs_[i].name, inputs_[i].values, input_gradients[i], tolerance, most);
    }
    for (const auto& parameter : store_.parameters()) {
      const auto begin = gradients.begin() + parameter->offset;
      Compare(parameter->name, store_.Writable(*parameter), {begin, begin + parameter->size}, tolerance, most);
    }
  }

 private:
  static constexpr uint64_t kDropoutKey = 7;

  double LossValue() {
    const Tape tape(workspace_, unused_gradients_.data(), kDropoutKey);
    return loss_(workspace_, PutInputs(workspace_));
  }

  void Differentiate(std::vector<float>& gradients, std::vector<std::vector<float>>& input_gradients) const {
    Workspace workspace;
    Tape tape(workspace, gradients.data(), kDropoutKey);
    const std::vector<Variable> inputs = PutInputs(workspace);
    loss_(workspace, inputs);
    tape.Backward();
    for (const Variable& input : inputs) {
      ASSERT_TRUE(tape.HasGradient(input));
      const ConstMatrix dx = tape.Gradient(input);
      input_gradients.emplace_back(dx.data, dx.data + dx.size());
    }
  }

  std::vector<Variable> PutInputs(Workspace& workspace) const {
    std::vector<Variable> variables;
    for (const TestInput& input : inputs_) variables.push_back(input.In(workspace));
    return variables;
  }

  double NumericalDerivative(float& x, double step) {
    const float at = x;
    const auto loss_at = [&](double offset) {
      x = static_cast<float>(double{at} + offset);
      return LossValue();
    };
    const double near = loss_at(step) - loss_at(-step);
    const double far = loss_at(2 * step) - loss_at(-2 * step);
    x = at;
    return (8 * near - far) / (12 * step);
  }

  void Compare(const std::string& name, std::span<float> values, const std::vector<float>& gradient, double tolerance,
               size_t most) {
    double largest = 1;
    for (const float g : gradient) largest = std::max(largest, std::abs(double{g}));
    // An odd stride, so that the elements are of all columns.
    const size_t stride = values.size() <= most ? 1 : (values.size() / most) | 1;
    for (size_t i = 0; i < values.size(); i += stride) {
      double derivative = NumericalDerivative(values[i], 2e-2);
      if (std::abs(derivative - double{gradient[i]}) > tolerance * largest) {
        derivative = NumericalDerivative(values[i], 5e-3);  // a sharp bend here: less h, more rounding
      }
      ASSERT_NEAR(double{gradient[i]}, derivative, tolerance * largest)
          << "d loss / d " << name << " at " << i << " of " << values.size();
    }
  }

  ParameterStore& store_;
  std::vector<TestInput> inputs_;
  Loss loss_;
  std::vector<float> unused_gradients_;
  Workspace workspace_;  // of all evaluations, so that they share its memory
};

}  // namespace dragoman

#endif  // DRAGOMAN_AUTOGRAD_GRADIENT_TESTING_H_
