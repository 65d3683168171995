// SPDX-License-Identifier: Apache-2.0
#include "train/share_model.h"

#include <string>

namespace dragoman {

void ShareArchitecture(Communicator& comm, VocabularyPair* vocabs, std::unique_ptr<Transformer>* model) {
  if (comm.size() == 1) return;
  const bool has = comm.rank() == 0;
  const std::string src = comm.Broadcast(has ? vocabs->src->serialized() : "");
  const std::string tgt = comm.Broadcast(has && !vocabs->joint() ? vocabs->tgt->serialized() : "");
  const std::string settings = comm.Broadcast(has ? SettingsOf(*vocabs) : "");
  const std::string config = comm.Broadcast(has ? (*model)->config().ToJson() : "");
  if (has) return;
  const auto read = [](const std::string& bytes) {
    return std::make_shared<const Tokenizer>(Tokenizer::FromBytes(bytes, "vocabulary from rank 0"));
  };
  vocabs->src = read(src);
  vocabs->tgt = tgt.empty() ? vocabs->src : read(tgt);
  *vocabs = WithSettings(*vocabs, settings, "tokenizer settings from rank 0");
  *model = std::make_unique<Transformer>(TransformerConfig::FromJson(config, "model from rank 0"));
}

void ShareModel(Communicator& comm, TranslationModel* model) {
  ShareArchitecture(comm, &model->vocabs, &model->model);
  comm.Broadcast(model->model->parameters().values());
  if (comm.rank() > 0) model->model->PrepareForDecoding();
}

}  // namespace dragoman
