// SPDX-License-Identifier: Apache-2.0
// export: from a model of ours to the files that another program opens.
#ifndef DRAGOMAN_INTEROP_EXPORT_H_
#define DRAGOMAN_INTEROP_EXPORT_H_

#include <string>

#include "base/enum_names.h"
#include "base/file_system.h"
#include "interop/exported_model.h"

namespace dragoman {

enum class ExportTarget { kHuggingFace, kMarian, kCTranslate2 };

const EnumNames<ExportTarget>& NamesOf(ExportTarget);

// The model as files of that program's; nothing is written yet. Throws OptionError for what that program has no place
// for: fields of the configuration, or a vocabulary, by name. What is given may go afterwards.
ExportedModel PrepareExport(const ModelToExport& model, ExportTarget target);

// Writes them to `output`, a new or an empty directory: all of them or none. Throws FileError, OptionError.
void WriteExport(FileSystem& files, const ExportedModel& exported, const std::string& output);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_EXPORT_H_
