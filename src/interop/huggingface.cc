// SPDX-License-Identifier: Apache-2.0
#include "interop/huggingface.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "interop/huggingface_bart.h"
#include "interop/huggingface_source.h"
#include "interop/huggingface_t5.h"
#include "interop/huggingface_vocabulary.h"

namespace dragoman {

bool IsHuggingFace(FileSystem& files, const std::string& directory) {
  const std::string path = JoinPath(directory, "config.json");
  return files.Exists(path) && SourceSettings(files, path).Has("model_type");
}

ForeignModel OpenHuggingFace(FileSystem& files, const std::string& directory) {
  HuggingFaceSource source = OpenHuggingFaceSource(files, directory);
  const std::string model_type = source.config.String("model_type");
  ForeignModel model;
  model.family = model_type + " (Hugging Face)";
  if (IsBartLike(model_type)) {
    ReadBartLike(source, model_type, &model);
  } else if (IsT5Like(model_type)) {
    ReadT5Like(source, model_type, &model);
  } else {
    source.config.Refuse("model_type", "marian, m2m_100, t5, mt5, umt5, bart, mbart or pegasus");
  }
  RequireModel(model, *source.archive, directory);  // a vocabulary may be made as large as the settings say
  model.vocabs = ReadHuggingFaceVocabularies(source, model_type, &model);
  model.about.name = FileName(directory);
  const std::vector<int32_t>& banned = source.generation.banned;
  const bool bans_unk = std::ranges::find(banned, model.vocabs.tgt->unk_id()) != banned.end();
  model.decode_options = source.generation.search.ToDecodeOptions(!bans_unk);
  model.archive = std::move(source.archive);
  return model;
}

}  // namespace dragoman
