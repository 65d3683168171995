// SPDX-License-Identifier: Apache-2.0
// What an import finds out about somebody's model before it reads its weights, and what it makes of it.
#ifndef DRAGOMAN_INTEROP_IMPORTED_MODEL_H_
#define DRAGOMAN_INTEROP_IMPORTED_MODEL_H_

#include <memory>
#include <string>
#include <vector>

#include "archive/tensor_archive.h"
#include "format/about.h"
#include "format/model_directory.h"
#include "interop/weight_map.h"
#include "model/transformer_config.h"

namespace dragoman {

// A model of another program's: its settings and names in our words. What a family's reader returns.
struct ForeignModel {
  std::string family;  // "marian (Hugging Face)", for people
  TransformerConfig config;
  WeightMap weights;
  std::unique_ptr<TensorArchive> archive;
  VocabularyPair vocabs;
  std::string shortlist;  // which came with it, as a file of ours (format/shortlist.h); "": none
  ModelAbout about;
  std::string decode_options;      // of decode_options.json, so that our search finds what its own finds; "": none
  std::vector<std::string> notes;  // what a user may want to know, a line each
};

// Throws FormatError naming `path`, before memory is taken for it, for settings that make no model or not that of the
// archive's tensors.
void RequireModel(const ForeignModel& model, const TensorArchive& archive, const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_IMPORTED_MODEL_H_
