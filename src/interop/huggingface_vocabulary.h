// SPDX-License-Identifier: Apache-2.0
// The tokenizers of transformers' families, as vocabularies of ours: which file has the pieces, which ids they have,
// what stands around a sentence.
#ifndef DRAGOMAN_INTEROP_HUGGINGFACE_VOCABULARY_H_
#define DRAGOMAN_INTEROP_HUGGINGFACE_VOCABULARY_H_

#include <string>

#include "interop/huggingface_source.h"

namespace dragoman {

// For a model whose configuration has been read into *model. Of a SentencePiece model's directory that has
// tokenizer.json alone the model is made again (unigram_json.h). A directory without a tokenizer gets vocabularies of
// numbers (NumberVocabularies). Throws FileError, FormatError.
VocabularyPair ReadHuggingFaceVocabularies(const HuggingFaceSource& source, const std::string& model_type,
                                           ForeignModel* model);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_HUGGINGFACE_VOCABULARY_H_
