// SPDX-License-Identifier: Apache-2.0
// A directory as transformers' save_pretrained() writes it: what its families share. Facts from transformers 5.24.
#ifndef DRAGOMAN_INTEROP_HUGGINGFACE_SOURCE_H_
#define DRAGOMAN_INTEROP_HUGGINGFACE_SOURCE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/tensor_archive.h"
#include "base/file_system.h"
#include "interop/imported_model.h"
#include "interop/source_settings.h"

namespace dragoman {

// How generate() searches; 0 is what nothing is said of.
struct SearchSettings {
  std::string stopping = "full";  // by the names of Stopping
  double length_penalty = 1;
  int64_t beams = 0, no_repeat_ngram = 0, min_length = 0, max_length = 0;

  // The same as ForeignModel::decode_options.
  std::string ToDecodeOptions(bool allow_unk) const;
};

// How a model is asked to generate: of generation_config.json or, from before there was one, of config.json.
struct GenerationSettings {
  std::optional<int32_t> decoder_start;
  std::optional<int32_t> forced_first;  // the first token of every output
  std::optional<int32_t> eos, pad;
  std::vector<int32_t> banned;
  SearchSettings search;
};

// What a family's reader is given, and takes from.
struct HuggingFaceSource {
  FileSystem& files;
  std::string directory;
  SourceSettings config;
  std::unique_ptr<TensorArchive> archive;
  GenerationSettings generation;

  bool HasFile(const std::string& name) const { return files.Exists(JoinPath(directory, name)); }
  std::string PathOf(const std::string& name) const { return JoinPath(directory, name); }
};

// Opens config, weights (safetensors before pickles) and generation settings. Throws FileError, FormatError.
HuggingFaceSource OpenHuggingFaceSource(FileSystem& files, const std::string& directory);

// "relu", "gelu", "gelu_new", "silu", "swish", ... Throws FormatError for another one.
kernels::Activation ActivationNamed(const SourceSettings& settings, const std::string& key, const std::string& name);

// 0.1 for 0.1f, not what is nearest to it: so that JSON says 0.1.
double ShortestDouble(float value);

// What of these we write. ActivationNamed reads it.
std::string HuggingFaceName(kernels::Activation activation);

// The first of `names` that the archive has, or else the first; also without an archive.
std::string FirstThere(const TensorArchive* archive, const std::vector<std::string>& names);

// Whether two tensors hold the same numbers. Both are there.
bool AreEqual(const TensorArchive& archive, const std::string& first, const std::string& second);

// Marks keys as read that change no number: what transformers writes about itself, training, and generation.
void IgnoreNeutralKeys(SourceSettings& config);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_HUGGINGFACE_SOURCE_H_
