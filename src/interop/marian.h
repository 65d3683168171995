// SPDX-License-Identifier: Apache-2.0
// Models as Marian trains them (.npz, .bin): OPUS-MT, HPLT, and the small students of Bergamot and Firefox. Facts from
// marian-dev 1.12; its arithmetic is not that of the same models in Hugging Face's form (another sinusoid and epsilon).
#ifndef DRAGOMAN_INTEROP_MARIAN_H_
#define DRAGOMAN_INTEROP_MARIAN_H_

#include <string>

#include "interop/exported_model.h"
#include "interop/imported_model.h"

namespace dragoman {

// Whether `path` looks like one: weights, the .yml that Marian's decoder reads, or a directory with either.
bool IsMarian(FileSystem& files, const std::string& path);

// Which vocabularies a model has, where its directory does not say; "" where it does.
struct MarianVocabularies {
  std::string src, tgt;
};

// Reads all but the weights. Throws FileError, FormatError.
ForeignModel OpenMarian(FileSystem& files, const std::string& path, const MarianVocabularies& vocabularies);

// A model of ours as a directory that Marian's decoder and we open. Throws OptionError for what it has no place for, by
// name (interop/export.h).
ExportedModel ExportMarian(const ModelToExport& model);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_MARIAN_H_
