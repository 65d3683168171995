// SPDX-License-Identifier: Apache-2.0
#include "interop/import.h"

#include "base/error.h"
#include "interop/argos.h"
#include "interop/huggingface.h"

namespace dragoman {
namespace {

std::optional<ModelSource> SourceOf(FileSystem& files, const std::string& path) {
  if (IsArgos(files, path)) return ModelSource::kArgos;
  if (IsHuggingFace(files, path)) return ModelSource::kHuggingFace;
  if (IsCTranslate2(files, path)) return ModelSource::kCTranslate2;
  if (IsMarian(files, path)) return ModelSource::kMarian;
  return std::nullopt;
}

ForeignModel Open(FileSystem& files, const std::string& path, const ImportOptions& options) {
  const std::optional<ModelSource> from = options.from ? options.from : SourceOf(files, path);
  if (!from) {
    throw OptionError(path +
                      " is no model that is known here, expected a directory as transformers, CTranslate2 or "
                      "Marian leave it, a file of Marian's (.npz, .bin, decoder.yml), or an .argosmodel");
  }
  switch (*from) {
    case ModelSource::kHuggingFace:
      return OpenHuggingFace(files, path);
    case ModelSource::kCTranslate2:
      return OpenCTranslate2(files, path, options.ctranslate2);
    case ModelSource::kArgos:
      return OpenArgos(files, path);
    case ModelSource::kMarian:
      break;
  }
  return OpenMarian(files, path, options.vocabularies);
}

}  // namespace

const EnumNames<ModelSource>& NamesOf(ModelSource) {
  static const EnumNames<ModelSource> names = {{"huggingface", ModelSource::kHuggingFace},
                                               {"marian", ModelSource::kMarian},
                                               {"ctranslate2", ModelSource::kCTranslate2},
                                               {"argos", ModelSource::kArgos}};
  return names;
}

ForeignModel OpenForeign(FileSystem& files, const std::string& path, const ImportOptions& options) {
  ForeignModel foreign = Open(files, path, options);
  RequireModel(foreign, *foreign.archive, path);
  RequireFit(foreign.vocabs, foreign.config, path);
  return foreign;
}

std::unique_ptr<Transformer> ReadForeign(const ForeignModel& foreign) {
  auto model = std::make_unique<Transformer>(foreign.config);
  ReadWeights(*foreign.archive, foreign.weights, model->parameters());
  return model;
}

}  // namespace dragoman
