// SPDX-License-Identifier: Apache-2.0
#include "interop/export.h"

#include "interop/ctranslate2.h"
#include "interop/huggingface.h"
#include "interop/marian.h"

namespace dragoman {

const EnumNames<ExportTarget>& NamesOf(ExportTarget) {
  static const EnumNames<ExportTarget> names = {{"huggingface", ExportTarget::kHuggingFace},
                                                {"marian", ExportTarget::kMarian},
                                                {"ctranslate2", ExportTarget::kCTranslate2}};
  return names;
}

ExportedModel PrepareExport(const ModelToExport& model, ExportTarget target) {
  switch (target) {
    case ExportTarget::kMarian:
      return ExportMarian(model);
    case ExportTarget::kCTranslate2:
      return ExportCTranslate2(model);
    case ExportTarget::kHuggingFace:
      break;
  }
  return ExportHuggingFace(model);
}

void WriteExport(FileSystem& files, const ExportedModel& exported, const std::string& output) {
  WriteNewDirectory(files, exported.files, output);
}

}  // namespace dragoman
