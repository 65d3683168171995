// SPDX-License-Identifier: Apache-2.0
// Models as CTranslate2's converters write them: model.bin, config.json, vocabularies; and packages of Argos Translate,
// which hold such a model and its SentencePiece model in a zip. Facts from CTranslate2 4.8.
#ifndef DRAGOMAN_INTEROP_CTRANSLATE2_H_
#define DRAGOMAN_INTEROP_CTRANSLATE2_H_

#include <string>

#include "interop/exported_model.h"
#include "interop/imported_model.h"

namespace dragoman {

// Whether a directory looks like one.
bool IsCTranslate2(FileSystem& files, const std::string& directory);

// How a model that came without its tokenizer is to be read, which its directory does not say.
struct CTranslate2Options {
  std::string spm;          // the SentencePiece model that cuts text into its pieces, for both sides; "": that beside
                            // it (sentencepiece.model, or source.spm and target.spm), else the user does
  bool source_eos = false;  // </s> ends a source although config.json does not say so: of models that transformers'
                            // tokenizers were to serve
};

// Reads all but the weights. Throws FileError, FormatError.
ForeignModel OpenCTranslate2(FileSystem& files, const std::string& directory, const CTranslate2Options& options);

// A model of ours as a directory that CTranslate2 and we open. Throws OptionError for what it has no place for, by
// name (interop/export.h).
ExportedModel ExportCTranslate2(const ModelToExport& model);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_CTRANSLATE2_H_
