// SPDX-License-Identifier: Apache-2.0
// Models as transformers keeps them, and the Hugging Face Hub holds them: MarianMT (OPUS-MT), M2M100 and NLLB-200, T5
// in all its forms, BART, mBART, PEGASUS.
#ifndef DRAGOMAN_INTEROP_HUGGINGFACE_H_
#define DRAGOMAN_INTEROP_HUGGINGFACE_H_

#include <string>

#include "interop/exported_model.h"
#include "interop/imported_model.h"

namespace dragoman {

// Whether a directory looks like one.
bool IsHuggingFace(FileSystem& files, const std::string& directory);

// Reads all but the weights. Throws FileError, FormatError.
ForeignModel OpenHuggingFace(FileSystem& files, const std::string& directory);

// A model of ours as a directory that transformers' from_pretrained() and we open. Throws OptionError for what it has
// no place for, by name (interop/export.h).
ExportedModel ExportHuggingFace(const ModelToExport& model);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_HUGGINGFACE_H_
