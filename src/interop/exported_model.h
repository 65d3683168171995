// SPDX-License-Identifier: Apache-2.0
// What an export makes of a model of ours before it writes anything. The settings and names of a family are those of
// its import, read backwards.
#ifndef DRAGOMAN_INTEROP_EXPORTED_MODEL_H_
#define DRAGOMAN_INTEROP_EXPORTED_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "autograd/parameter.h"
#include "format/about.h"
#include "format/manifest.h"
#include "format/model_directory.h"
#include "interop/weight_map.h"
#include "model/transformer.h"

namespace dragoman {

// A model of ours that is to be another program's. Owns nothing.
struct ModelToExport {
  const Transformer& model;
  const VocabularyPair& vocabs;
  const ModelAbout& about;
};

// Files as that program wants them, whose writing is all that is left to do.
struct ExportedModel {
  std::string family;  // "marian (Hugging Face)", for people
  std::vector<CheckpointFile> files;
  std::vector<std::string> notes;  // what a user may want to know, a line each
};

// A tensor of a file that another program will read, row-major. Owns its numbers.
struct ExportedTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> data;
};

// The parameters as `map` places them, what ReadWeights would read again: several of ours in one tensor are put
// together, rows that are no parameter's are 0. Vectors have one size.
std::vector<ExportedTensor> TensorsOf(const ParameterStore& parameters, const WeightMap& map);

// Gives `to` the sizes of `from`: of vocabularies, stacks, widths but that of a head, sentences. Every family can say
// them; what it can say besides is copied by name, so that a field that is new is refused until somebody has thought of
// it.
void CopySizes(const TransformerConfig& from, TransformerConfig* to);

// `config` with the fields that nothing in such a model heeds at their defaults, and those that have two ways to say
// one thing in one of them: two models of the same such configuration compute the same. Dropout counts as nothing.
TransformerConfig WithoutIdleFields(TransformerConfig config);

// Where the two compute differently, with both values.
std::vector<FieldDifference> ArithmeticDifferences(const TransformerConfig& config,
                                                   const TransformerConfig& expressible);

// Throws OptionError that names each field in which a model of that family (`expressible`: what it would compute in its
// place) differs from ours, with both values.
void RequireExpressible(const TransformerConfig& config, const TransformerConfig& expressible,
                        const std::string& family);

// The same model with the elements of its width in another order, such that its interleaved sinusoids are in halves
// (SinusoidLayout): it computes the same, but for the order of sums.
std::unique_ptr<Transformer> WithSinusoidsInHalves(const Transformer& model);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_EXPORTED_MODEL_H_
