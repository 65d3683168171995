// SPDX-License-Identifier: Apache-2.0
// Where an InferenceModel finds its weights, by the names of parameters (docs/design.md).
#ifndef DRAGOMAN_INFER_WEIGHT_SOURCE_H_
#define DRAGOMAN_INFER_WEIGHT_SOURCE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "autograd/parameter.h"
#include "infer/projection.h"
#include "tensor/matrix.h"

namespace dragoman {

// Projections that stand side by side, as Q, K and V do.
struct ProjectionNames {
  std::string name;                // of all together: "decoder.layers.0.self_attn.qkv"
  std::vector<std::string> paths;  // of each: "decoder.layers.0.self_attn.q_proj", with ".weight" and ".bias"
  int64_t in = 0, columns = 0;     // of all together
  int biases = 0;                  // of the first so many; the others' are 0
};

class WeightSource {
 public:
  virtual ~WeightSource() = default;

  virtual WeightFormat format() const = 0;

  // A parameter that no product uses, in f32.
  virtual ConstMatrix Table(const std::string& name, int64_t rows, int64_t cols) = 0;
  virtual Projection Linear(const ProjectionNames& names) = 0;
  // x E^T (+ bias): of a table E [rows, d_model] of the vocabulary, whose rows are looked up as well.
  //   bias: a parameter's name, or "".
  virtual Projection Vocabulary(const std::string& name, int64_t rows, int64_t d_model, const std::string& bias) = 0;
};

// The parameters of a model, rounded as they are asked for.
class ParameterWeights : public WeightSource {
 public:
  // `parameters` have memory, and must outlive what is made of them.
  ParameterWeights(const ParameterPlan& parameters, WeightFormat format) : parameters_(parameters), format_(format) {}

  WeightFormat format() const override { return format_; }
  ConstMatrix Table(const std::string& name, int64_t rows, int64_t cols) override;
  Projection Linear(const ProjectionNames& names) override;
  Projection Vocabulary(const std::string& name, int64_t rows, int64_t d_model, const std::string& bias) override;

 private:
  const Parameter& Find(const std::string& name) const;

  const ParameterPlan& parameters_;
  WeightFormat format_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_INFER_WEIGHT_SOURCE_H_
