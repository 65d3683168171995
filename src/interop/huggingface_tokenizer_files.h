// SPDX-License-Identifier: Apache-2.0
// Vocabularies of ours as the files of a tokenizer of transformers', where there is one that does the same.
#ifndef DRAGOMAN_INTEROP_HUGGINGFACE_TOKENIZER_FILES_H_
#define DRAGOMAN_INTEROP_HUGGINGFACE_TOKENIZER_FILES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "format/manifest.h"
#include "format/model_directory.h"
#include "model/transformer_config.h"

namespace dragoman {

// The token that fills up a batch there, which no text has.
struct PadToken {
  std::string name;  // "" where there is no tokenizer
  int32_t id = 0;
  bool is_new = false;  // to the vocabularies
};

// What a model whose vocabulary has none may take: <s>, or a row of its own.
enum class PadChoice { kBos, kOwnRow };

// Throws OptionError where there is nothing to take.
PadToken PadTokenOf(const VocabularyPair& vocabs, const TransformerConfig& config, PadChoice otherwise);

// A model of numbers as an import makes it of one that came without a tokenizer.
bool AreNumbers(const VocabularyPair& vocabs);

// The token that begins every target, where it is always the same.
std::optional<int32_t> ForcedFirst(const VocabularyPair& vocabs);

// The files, none for numbers. Throws OptionError for vocabularies that no tokenizer there has.
std::vector<CheckpointFile> TokenizerFiles(const VocabularyPair& vocabs, const PadToken& pad,
                                           const std::string& model_type, const TransformerConfig& config);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_HUGGINGFACE_TOKENIZER_FILES_H_
