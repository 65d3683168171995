// SPDX-License-Identifier: Apache-2.0
// Models as transformers keeps them, and the Hugging Face Hub holds them: MarianMT (OPUS-MT), M2M100 and NLLB-200, T5
// in all its forms, BART, mBART, PEGASUS.
#ifndef DRAGOMAN_INTEROP_HUGGINGFACE_H_
#define DRAGOMAN_INTEROP_HUGGINGFACE_H_

#include <string>

#include "interop/imported_model.h"

namespace dragoman {

// Whether a directory looks like one.
bool IsHuggingFace(FileSystem& files, const std::string& directory);

// Reads all but the weights. Throws FileError, FormatError.
ForeignModel OpenHuggingFace(FileSystem& files, const std::string& directory);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_HUGGINGFACE_H_
