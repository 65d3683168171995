// SPDX-License-Identifier: Apache-2.0
// Models for inference alone: a model's directory whose model.safetensors holds weights packed for products
// (kernels/packed_weight.h), which are multiplied by where the file lies in memory. See docs/formats.md.
#ifndef DRAGOMAN_FORMAT_PACKED_MODEL_H_
#define DRAGOMAN_FORMAT_PACKED_MODEL_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "format/about.h"
#include "format/model_directory.h"
#include "format/shortlist.h"
#include "infer/inference_model.h"
#include "tensor/safetensors.h"

namespace dragoman {

// What translates and scores: weights, with what they are of, and vocabularies. One of `parameters` and `file` is
// there.
struct InferenceBundle {
  std::unique_ptr<Transformer> parameters;  // whose weights were laid out when it was opened
  std::unique_ptr<SafetensorsReader> file;  // in which they are packed
  std::unique_ptr<InferenceModel> model;
  VocabularyPair vocabs;
  DecodeDefaults decode_defaults;
  std::shared_ptr<const Shortlist> shortlist;  // or none
};

// Lays out the weights of a model, in f32 unless another format is given.
InferenceBundle InferenceOf(TranslationModel opened, std::optional<WeightFormat> format);

// Opens `path` as LoadTranslationModel does; of a packed model checks sums of all files but the weights. languages: of
// the sentences, for models of several. Throws OptionError when a packed model is wanted in another format, and as
// InLanguages does.
InferenceBundle LoadInference(FileSystem& files, const std::string& path, std::optional<WeightFormat> format = {},
                              Checks checks = Checks::kAll, const LanguagePair& languages = {});

// Gives the model a shortlist. Throws FileError, FormatError; OptionError for a model that copies, which may say
// whatever is in the source.
void OpenShortlist(FileSystem& files, const std::string& path, InferenceBundle* bundle);

// The model in a packed file, which must outlive it. Throws FormatError: it is not trusted.
std::unique_ptr<InferenceModel> InferenceFrom(const TransformerConfig& config, SafetensorsReader& file);

// What the weights in the file are packed as; none when they are parameters. Throws FormatError for an unknown word.
std::optional<WeightFormat> PackedFormatOf(const SafetensorsReader& file);

// Throws FormatError unless a packed file is of such a model and, where `numbers`, all that is not bytes is finite.
void RequirePackedModel(const TransformerConfig& config, SafetensorsReader& file, bool numbers);

// The files of a packed model, to be written by WriteCheckpoint(). All must outlive the writing.
std::vector<CheckpointFile> PackedModelFiles(const Transformer& model, WeightFormat format,
                                             const VocabularyPair& vocabs, const ModelAbout* about);
// The same of weights from anywhere, in any format but f32. Throws what their source throws.
std::vector<CheckpointFile> PackedModelFiles(const TransformerConfig& config, WeightSource& weights,
                                             const VocabularyPair& vocabs, const ModelAbout* about);

}  // namespace dragoman

#endif  // DRAGOMAN_FORMAT_PACKED_MODEL_H_
