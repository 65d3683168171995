// SPDX-License-Identifier: Apache-2.0
// Packages of Argos Translate and LibreTranslate (.argosmodel): a zip with a CTranslate2 model, its SentencePiece model
// and metadata.json.
#ifndef DRAGOMAN_INTEROP_ARGOS_H_
#define DRAGOMAN_INTEROP_ARGOS_H_

#include <string>

#include "interop/imported_model.h"

namespace dragoman {

// Whether `path` is such a package, or one that has been unpacked.
bool IsArgos(FileSystem& files, const std::string& path);

// Reads all but the weights. Throws FileError, FormatError.
ForeignModel OpenArgos(FileSystem& files, const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_ARGOS_H_
