// SPDX-License-Identifier: Apache-2.0
#include "train/share_model.h"

#include <string>
#include <utility>

#include "base/memory_file.h"

namespace dragoman {

namespace {

constexpr char kOrigin[] = "model from rank 0";

void ShareVocabularies(Communicator& comm, VocabularyPair* vocabs) {
  const bool has = comm.rank() == 0;
  const std::string src = comm.Broadcast(has ? vocabs->src->serialized() : "");
  const std::string tgt = comm.Broadcast(has && !vocabs->joint() ? vocabs->tgt->serialized() : "");
  const std::string settings = comm.Broadcast(has ? SettingsOf(*vocabs) : "");
  if (has) return;
  const auto read = [](const std::string& bytes) {
    return std::make_shared<const Tokenizer>(Tokenizer::FromBytes(bytes, "vocabulary from rank 0"));
  };
  vocabs->src = read(src);
  vocabs->tgt = tgt.empty() ? vocabs->src : read(tgt);
  *vocabs = WithSettings(*vocabs, settings, "tokenizer settings from rank 0");
}

void ShareWeights(Communicator& comm, std::optional<WeightFormat> format, InferenceBundle* bundle) {
  const bool has = comm.rank() == 0;
  const std::string packed = comm.Broadcast(has && bundle->file != nullptr ? std::string(bundle->file->Bytes()) : "");
  if (packed.empty()) {
    TranslationModel shared;
    if (has) shared = {std::move(bundle->parameters), bundle->vocabs};
    ShareModel(comm, &shared);
    if (has) {
      bundle->parameters = std::move(shared.model);
    } else {
      *bundle = InferenceOf(std::move(shared), format);
    }
    return;
  }
  ShareVocabularies(comm, &bundle->vocabs);
  const std::string config = comm.Broadcast(has ? bundle->model->config().ToJson() : "");
  if (has) return;
  bundle->file = std::make_unique<SafetensorsReader>(std::make_unique<MemoryFile>(packed), kOrigin);
  bundle->model = InferenceFrom(TransformerConfig::FromJson(config, kOrigin), *bundle->file);
}

}  // namespace

void ShareArchitecture(Communicator& comm, VocabularyPair* vocabs, std::unique_ptr<Transformer>* model) {
  if (comm.size() == 1) return;
  ShareVocabularies(comm, vocabs);
  const bool has = comm.rank() == 0;
  const std::string config = comm.Broadcast(has ? (*model)->config().ToJson() : "");
  if (!has) *model = std::make_unique<Transformer>(TransformerConfig::FromJson(config, kOrigin));
}

void ShareModel(Communicator& comm, TranslationModel* model) {
  ShareArchitecture(comm, &model->vocabs, &model->model);
  comm.Broadcast(model->model->parameters().values());
}

void ShareInference(Communicator& comm, std::optional<WeightFormat> format, InferenceBundle* bundle) {
  if (comm.size() == 1) return;
  ShareWeights(comm, format, bundle);
  const bool has = comm.rank() == 0;
  bundle->decode_defaults.json = comm.Broadcast(bundle->decode_defaults.json);
  bundle->decode_defaults.path = comm.Broadcast(bundle->decode_defaults.path);
  const std::string shortlist = comm.Broadcast(has && bundle->shortlist ? bundle->shortlist->bytes() : "");
  if (has || shortlist.empty()) return;
  bundle->shortlist = std::make_shared<const Shortlist>(shortlist, "shortlist from rank 0", bundle->vocabs);
}

}  // namespace dragoman
