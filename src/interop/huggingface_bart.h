// SPDX-License-Identifier: Apache-2.0
// transformers' BART and those that share its layers and names: MarianMT, mBART, PEGASUS, M2M100 (and NLLB).
#ifndef DRAGOMAN_INTEROP_HUGGINGFACE_BART_H_
#define DRAGOMAN_INTEROP_HUGGINGFACE_BART_H_

#include <string>
#include <vector>

#include "interop/huggingface_family.h"
#include "interop/huggingface_source.h"

namespace dragoman {

bool IsBartLike(const std::string& model_type);

// Fills in configuration and weights' names; the vocabularies are huggingface_vocabulary.h's. Throws FormatError.
void ReadBartLike(HuggingFaceSource& source, const std::string& model_type, ForeignModel* model);

// The families in the order in which an export tries them, for a model of ours.
std::vector<HuggingFaceFamily> BartFamilies(const TransformerConfig& ours);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_HUGGINGFACE_BART_H_
