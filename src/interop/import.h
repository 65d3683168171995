// SPDX-License-Identifier: Apache-2.0
// import: from a model of another program's to a model's directory of ours.
#ifndef DRAGOMAN_INTEROP_IMPORT_H_
#define DRAGOMAN_INTEROP_IMPORT_H_

#include <memory>
#include <optional>
#include <string>

#include "base/enum_names.h"
#include "interop/ctranslate2.h"
#include "interop/imported_model.h"
#include "interop/marian.h"
#include "model/transformer.h"

namespace dragoman {

enum class ModelSource { kHuggingFace, kMarian, kCTranslate2, kArgos };

const EnumNames<ModelSource>& NamesOf(ModelSource);

struct ImportOptions {
  std::optional<ModelSource> from;  // none: whichever it looks like
  MarianVocabularies vocabularies;  // of Marian's, where its directory does not say
  CTranslate2Options ctranslate2;
};

// Opens what is at `path`. Throws FileError, FormatError, and OptionError for what is no model that is known.
ForeignModel OpenForeign(FileSystem& files, const std::string& path, const ImportOptions& options);

// Its weights in a model of ours. Throws FormatError.
std::unique_ptr<Transformer> ReadForeign(const ForeignModel& foreign);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_IMPORT_H_
