// SPDX-License-Identifier: Apache-2.0
#include "train/average.h"

#include <fmt/format.h>

#include <memory>

#include "base/error.h"
#include "decode/translation_model.h"
#include "kernels/elementwise.h"
#include "model/model_file.h"

namespace dragoman {
namespace {

void CopyVocabularies(FileSystem& files, const std::string& from, const std::string& to) {
  for (const char* name : {kJointVocabFile, kSrcVocabFile, kTgtVocabFile}) {
    const std::string path = JoinPath(from, name);
    if (files.Exists(path)) WriteFileAtomically(files, JoinPath(to, name), ReadFile(files, path));
  }
}

bool SameVocabularies(FileSystem& files, const std::string& a, const std::string& b) {
  const VocabularyPair x = LoadVocabularies(files, a), y = LoadVocabularies(files, b);
  return x.src->serialized() == y.src->serialized() && x.tgt->serialized() == y.tgt->serialized();
}

}  // namespace

void AverageModels(FileSystem& files, std::span<const std::string> directories, const std::string& output) {
  if (directories.empty()) throw OptionError("no model to average; name at least one model directory");
  const std::unique_ptr<Transformer> mean = LoadTransformer(files, directories[0]);
  const std::span<float> sum = mean->parameters().values();
  for (const std::string& directory : directories.subspan(1)) {
    const std::unique_ptr<Transformer> other = LoadTransformer(files, directory);
    if (!(other->config() == mean->config())) {
      throw OptionError(fmt::format("{} and {} have different configs; only models of one shape can be averaged",
                                    directories[0], directory));
    }
    if (!SameVocabularies(files, directories[0], directory)) {
      throw OptionError(
          fmt::format("{} and {} have different vocabularies; only models that mean the same by each token "
                      "can be averaged",
                      directories[0], directory));
    }
    kernels::AddTo(other->parameters().values(), sum);
  }
  kernels::Scale(sum, 1.0f / static_cast<float>(directories.size()));

  CreateDirectories(files, output);
  CopyVocabularies(files, directories[0], output);
  WriteFileAtomically(files, JoinPath(output, kConfigFile), mean->config().ToJson());
  const std::string path = JoinPath(output, kWeightsFile);
  const auto file = files.Create(path + ".tmp");
  WriteSafetensors(ParameterViews(mean->parameters(), sum), {{"format", "dragoman"}}, *file);
  file->Sync();
  file->Close();
  files.Rename(path + ".tmp", path);
  files.SyncDirectory(output);
}

}  // namespace dragoman
