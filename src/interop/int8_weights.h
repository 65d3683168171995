// SPDX-License-Identifier: Apache-2.0
// Models that come in 8 bits: their integers as weights for inference, without a detour over f32.
#ifndef DRAGOMAN_INTEROP_INT8_WEIGHTS_H_
#define DRAGOMAN_INTEROP_INT8_WEIGHTS_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "infer/weight_source.h"
#include "interop/imported_model.h"
#include "tensor/flat_buffer.h"

namespace dragoman {

// Whether the weights of a model's layers are stored in int8. (Its tables need not be: Marian leaves them in f32.)
bool ComesInInt8(const ForeignModel& foreign);

// Weights of such a model for a packed one (format/packed_model.h): integers, scales and multipliers of activations as
// they are stored. A table of the vocabulary that is not in int8 is rounded, with a scale for each token. Owns what its
// projections and tables are views of; must outlive them. Its functions throw FormatError: for a layer's weight that is
// not in int8, and as ReadIntegers and ReadWeight do.
class Int8Weights : public WeightSource {
 public:
  explicit Int8Weights(const ForeignModel& foreign);  // must outlive this

  WeightFormat format() const override { return WeightFormat::kInt8; }
  ConstMatrix Table(const std::string& name, int64_t rows, int64_t cols) override;
  Projection Linear(const ProjectionNames& names) override;
  Projection Vocabulary(const std::string& name, int64_t rows, int64_t d_model, const std::string& bias) override;

  // Of what was asked for: what a user may want to know, a line each.
  std::vector<std::string> Notes() const;

 private:
  struct Columns;

  const Parameter& Find(const std::string& name) const;
  const float* Floats(const std::string& name);
  Columns NewColumns(int64_t k, int64_t n);
  float Place(const Parameter& weight, bool rows_are_columns, int64_t first, const Columns& to);
  std::vector<float> Together(const ProjectionNames& names, const std::vector<float>& multipliers) const;

  const ForeignModel& foreign_;
  ParameterPlan plan_;
  std::deque<FlatBuffer> memory_;
  std::vector<std::string> rounded_;  // tables
  int multiplied_ = 0;                // weights with a multiplier of activations
};

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_INT8_WEIGHTS_H_
