// SPDX-License-Identifier: Apache-2.0
// Where the parameters of a model of ours lie in somebody's file.
#ifndef DRAGOMAN_INTEROP_WEIGHT_MAP_H_
#define DRAGOMAN_INTEROP_WEIGHT_MAP_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "archive/tensor_archive.h"
#include "autograd/parameter.h"

namespace dragoman {

// A parameter's tensor.
struct TensorOrigin {
  std::string name;
  bool transposed = false;  // [out, in], where ours are [in, out]
  int64_t first_row = 0;    // of those there, before they are turned: several of ours may stand in one
  int64_t all_rows = 0;     // that it has; 0: as many as the parameter
  std::string scale = {};   // tensor of what each of its rows, or all of it, is divided by, where there is such a one
  std::string row_multiplier = {};  // of a product's weight: tensor of what activations are multiplied by before they
                                    // are rounded to 8 bits, where there is such a one
};

struct WeightMap {
  std::function<TensorOrigin(const Parameter&)> origin;
  // Further names of a parameter, for a table that some files hold twice: the same numbers, or it is an error.
  std::vector<std::pair<std::string, std::string>> copies;  // their name, ours
  // Whether a tensor has no numbers that the model uses.
  std::function<bool(const std::string&)> is_unused;
};

// in [rows, cols], out [cols, rows].
void Transpose(std::span<const float> in, int64_t rows, int64_t cols, std::span<float> out);

// Throws FormatError, before any number is read, for a tensor that is not there, has another shape, or that the map
// does not know; names file, tensor, what was found, what was expected.
void RequireWeights(const TensorArchive& archive, const WeightMap& map, const ParameterPlan& plan);

// Reads one of them. Throws FormatError, too, for what is not finite.
void ReadWeight(const TensorArchive& archive, const WeightMap& map, const Parameter& parameter,
                std::span<float> values);

// A product's weight in the integers of 8 bits that it is stored in: integer * scale is about the weight.
struct StoredIntegers {
  std::vector<int8_t> levels;  // [columns of the product, its inputs]: a column's lie side by side
  std::vector<float> scales;   // [columns]
  float row_multiplier = 0;    // of activations, where the file says it, else 0
};

// Whether a parameter's tensor holds such.
bool IsInt8(const TensorArchive& archive, const WeightMap& map, const Parameter& parameter);

// Reads one whose columns are the parameter's columns [in, out], or, of a table of the vocabulary, its rows [vocab,
// d_model]. Throws FormatError for integers without scales, or whose scales, or multiplier of activations, are none.
StoredIntegers ReadIntegers(const TensorArchive& archive, const WeightMap& map, const Parameter& parameter,
                            bool rows_are_columns);

// Reads all of them. Throws FormatError, too, for one of `copies` that is none, and for what is not finite.
void ReadWeights(const TensorArchive& archive, const WeightMap& map, ParameterStore& store);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_WEIGHT_MAP_H_
