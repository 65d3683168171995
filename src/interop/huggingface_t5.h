// SPDX-License-Identifier: Apache-2.0
// transformers' T5 in its forms: T5, T5 1.1, FLAN-T5, mT5, MADLAD-400, umT5. Source: Raffel 2020, §2.1; Shazeer 2020.
#ifndef DRAGOMAN_INTEROP_HUGGINGFACE_T5_H_
#define DRAGOMAN_INTEROP_HUGGINGFACE_T5_H_

#include <string>
#include <vector>

#include "interop/huggingface_family.h"
#include "interop/huggingface_source.h"

namespace dragoman {

bool IsT5Like(const std::string& model_type);

// As ReadBartLike (interop/huggingface_bart.h).
void ReadT5Like(HuggingFaceSource& source, const std::string& model_type, ForeignModel* model);

// As BartFamilies.
std::vector<HuggingFaceFamily> T5Families(const TransformerConfig& ours);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_HUGGINGFACE_T5_H_
