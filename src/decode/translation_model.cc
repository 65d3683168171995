// SPDX-License-Identifier: Apache-2.0
#include "decode/translation_model.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "model/manifest.h"
#include "model/model_file.h"

namespace dragoman {
namespace {

std::shared_ptr<const Tokenizer> LoadVocabulary(FileSystem& files, const std::string& directory, const char* name) {
  const std::string path = JoinPath(directory, name);
  std::string bytes = ReadFile(files, path, kMaxVocabularyBytes);
  VerifyCheckpoint(files, directory, {name});
  return std::make_shared<const Tokenizer>(Tokenizer::FromBytes(std::move(bytes), path));
}

// Where the link `path` leads in the end; `path` itself, without / at its end, when it is none.
std::string FollowLinks(FileSystem& files, std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  while (files.Type(path) == FileType::kSymlink) {
    const std::string target = files.ReadSymlink(path);
    path = target.rfind('/', 0) == 0 ? target : JoinPath(ParentDirectory(path), target);
  }
  return path;
}

TranslationModel LoadFrom(FileSystem& files, const std::string& directory) {
  TranslationModel loaded{LoadTransformer(files, directory), LoadVocabularies(files, directory)};
  RequireFit(loaded.vocabs, loaded.model->config(), directory);
  loaded.model->PrepareForDecoding();
  return loaded;
}

}  // namespace

VocabularyPair LoadVocabularies(FileSystem& files, const std::string& directory) {
  if (files.Exists(JoinPath(directory, kJointVocabFile))) {
    const auto vocab = LoadVocabulary(files, directory, kJointVocabFile);
    return {vocab, vocab};
  }
  if (!files.Exists(JoinPath(directory, kSrcVocabFile)) && !files.Exists(JoinPath(directory, kTgtVocabFile))) {
    throw FileError(
        JoinPath(directory, kJointVocabFile),
        "is not there, nor are src.model and tgt.model; expected the vocabulary, or one for each side; copy "
        "what the model was trained with");
  }
  return {LoadVocabulary(files, directory, kSrcVocabFile), LoadVocabulary(files, directory, kTgtVocabFile)};
}

void RequireFit(const VocabularyPair& vocabs, const TransformerConfig& config, const std::string& directory) {
  const auto require = [&](const char* side, const Tokenizer& vocab, int rows) {
    if (vocab.size() == rows) return;
    throw FormatError(directory, fmt::format("the {} vocabulary has {} pieces, but the model was made for {}; copy the "
                                             "vocabulary that the model was trained with",
                                             side, vocab.size(), rows));
  };
  require("source", *vocabs.src, config.src_vocab);
  require("target", *vocabs.tgt, config.tgt_vocab);
}

std::vector<CheckpointFile> VocabularyFiles(const VocabularyPair& vocabs) {
  if (vocabs.joint()) return {FileOfBytes(kJointVocabFile, vocabs.src->serialized())};
  return {FileOfBytes(kSrcVocabFile, vocabs.src->serialized()), FileOfBytes(kTgtVocabFile, vocabs.tgt->serialized())};
}

std::string VocabularyDifference(const VocabularyPair& first, const VocabularyPair& second) {
  const bool same_src = first.src->serialized() == second.src->serialized();
  if (same_src && first.tgt->serialized() == second.tgt->serialized()) return "";
  const char* side = first.joint() && second.joint() ? "joint" : same_src ? "target" : "source";
  const Tokenizer& a = same_src ? *first.tgt : *first.src;
  const Tokenizer& b = same_src ? *second.tgt : *second.src;
  if (a.size() != b.size()) return fmt::format("{}: {} and {} pieces", side, a.size(), b.size());
  for (int32_t id = 0; id < a.size(); ++id) {
    if (a.Piece(id) == b.Piece(id)) continue;
    return fmt::format("{}: piece {} is \"{}\" and \"{}\"", side, id, a.Piece(id), b.Piece(id));
  }
  return fmt::format("{}: the same pieces, but with other scores or settings", side);
}

std::string ResolveModelDirectory(FileSystem& files, const std::string& path) {
  if (files.Exists(JoinPath(path, kConfigFile))) return FollowLinks(files, path);
  for (const char* name : {"best", "last"}) {
    const std::string inside = JoinPath(path, name);
    if (files.Exists(JoinPath(inside, kConfigFile))) return FollowLinks(files, inside);
  }
  throw FileError(path,
                  "no model here: expected a directory with config.json, model.safetensors and a vocabulary, or "
                  "a training run's directory with a checkpoint; check the path");
}

TranslationModel LoadTranslationModel(FileSystem& files, const std::string& path) {
  const std::string directory = ResolveModelDirectory(files, path);
  try {
    return LoadFrom(files, directory);
  } catch (const FileError&) {  // perhaps because a training has just removed this checkpoint for a better one
    const std::string now = ResolveModelDirectory(files, path);
    if (now == directory) throw;
    return LoadFrom(files, now);
  }
}

}  // namespace dragoman
