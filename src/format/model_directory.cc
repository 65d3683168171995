// SPDX-License-Identifier: Apache-2.0
#include "format/model_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/error.h"
#include "format/manifest.h"
#include "format/model_file.h"
#include "tensor/safetensors.h"

namespace dragoman {
namespace {

std::shared_ptr<const Tokenizer> LoadVocabulary(FileSystem& files, const std::string& directory, const char* name,
                                                Checks checks) {
  const std::string path = JoinPath(directory, name);
  std::string bytes = ReadFile(files, path, kMaxVocabularyBytes);
  VerifyCheckpoint(files, directory, {name}, checks);
  return std::make_shared<const Tokenizer>(Tokenizer::FromBytes(std::move(bytes), path));
}

// "" when there is none.
std::string ReadSettings(FileSystem& files, const std::string& directory, Checks checks) {
  const std::string path = JoinPath(directory, kTokenizerSettingsFile);
  const bool is_there = files.Exists(path);
  std::string text = is_there ? ReadFile(files, path, kMaxTokenizerSettingsBytes) : "";
  if (is_there && text.empty()) throw FormatError(path, "is empty; take the file that the model came with");
  bool is_named = false;  // then it must be there: without it ids would mean something else
  if (files.Exists(JoinPath(directory, kManifestName))) {
    const Manifest manifest = ReadManifest(files, directory);
    is_named = std::ranges::find(manifest.files, kTokenizerSettingsFile, &ManifestFile::name) != manifest.files.end();
  }
  if (is_there || is_named) VerifyCheckpoint(files, directory, {kTokenizerSettingsFile}, checks);
  return text;
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

TranslationModel LoadFrom(FileSystem& files, const std::string& directory, Checks checks) {
  TranslationModel loaded{LoadTransformer(files, directory, checks), LoadVocabularies(files, directory, checks)};
  RequireFit(loaded.vocabs, loaded.model->config(), directory);
  return loaded;
}

}  // namespace

namespace {

VocabularyPair LoadFiles(FileSystem& files, const std::string& directory, Checks checks) {
  if (files.Exists(JoinPath(directory, kJointVocabFile))) {
    const auto vocab = LoadVocabulary(files, directory, kJointVocabFile, checks);
    return {vocab, vocab};
  }
  if (!files.Exists(JoinPath(directory, kSrcVocabFile)) && !files.Exists(JoinPath(directory, kTgtVocabFile))) {
    throw FileError(
        JoinPath(directory, kJointVocabFile),
        "is not there, nor are src.model and tgt.model; expected the vocabulary, or one for each side; copy "
        "what the model was trained with");
  }
  return {LoadVocabulary(files, directory, kSrcVocabFile, checks),
          LoadVocabulary(files, directory, kTgtVocabFile, checks)};
}

}  // namespace

VocabularyPair LoadVocabularies(FileSystem& files, const std::string& directory, Checks checks) {
  const VocabularyPair vocabs = LoadFiles(files, directory, checks);
  return WithSettings(vocabs, ReadSettings(files, directory, checks), JoinPath(directory, kTokenizerSettingsFile));
}

VocabularyPair WithSettings(const VocabularyPair& vocabs, const std::string& json, const std::string& path) {
  return WithSettings(vocabs, TokenizerSettingsPair::FromJson(json, path), path);
}

VocabularyPair WithSettings(const VocabularyPair& vocabs, const TokenizerSettingsPair& settings,
                            const std::string& path) {
  if (settings == TokenizerSettingsPair{}) return vocabs;
  const auto src = std::make_shared<const Tokenizer>(vocabs.src->segmenter(), settings.src, path);
  if (vocabs.joint() && settings.src == settings.tgt) return {src, src};
  return {src, std::make_shared<const Tokenizer>(vocabs.tgt->segmenter(), settings.tgt, path)};
}

bool IdsAreJoint(const VocabularyPair& vocabs) {
  const Tokenizer &src = *vocabs.src, &tgt = *vocabs.tgt;
  if (src.rows() != tgt.rows()) return false;
  for (int32_t id = 0; id < std::min(src.size(), tgt.size()); ++id) {
    if (src.Has(id) && tgt.Has(id) && src.Piece(id) != tgt.Piece(id)) return false;
  }
  return true;
}

std::string SettingsOf(const VocabularyPair& vocabs) {
  return TokenizerSettingsPair{vocabs.src->settings(), vocabs.tgt->settings()}.ToJson();
}

VocabularyPair InLanguages(const VocabularyPair& vocabs, const LanguagePair& languages) {
  const TokenizerSettingsPair settings{vocabs.src->settings(), vocabs.tgt->settings()};
  const TokenizerSettingsPair chosen = settings.In(languages);
  return chosen == settings ? vocabs : WithSettings(vocabs, chosen, kTokenizerSettingsFile);
}

void RequireFit(const VocabularyPair& vocabs, const TransformerConfig& config, const std::string& directory) {
  const auto require = [&](const char* side, const Tokenizer& vocab, int rows, int max_len) {
    if (std::ssize(vocab.sentence().prefix) + std::ssize(vocab.sentence().suffix) >= max_len) {
      throw FormatError(directory, fmt::format("the {} template leaves no room for a sentence in {} tokens; take the "
                                               "files that the model came with",
                                               side, max_len));
    }
    if (vocab.rows() == rows) return;
    throw FormatError(
        directory,
        fmt::format("the {} vocabulary has {} {}, but the model was made for {}; copy the "
                    "vocabulary that the model was trained with",
                    side, vocab.rows(),
                    vocab.settings() == TokenizerSettings{} ? "pieces" : "ids with its tokenizer_settings.json", rows));
  };
  require("source", *vocabs.src, config.src_vocab, config.max_src_len);
  require("target", *vocabs.tgt, config.tgt_vocab, config.max_tgt_len);
}

std::vector<CheckpointFile> VocabularyFiles(const VocabularyPair& vocabs) {
  std::vector<CheckpointFile> files;
  files.push_back(FileOfBytes(vocabs.joint() ? kJointVocabFile : kSrcVocabFile, vocabs.src->serialized()));
  if (!vocabs.joint()) files.push_back(FileOfBytes(kTgtVocabFile, vocabs.tgt->serialized()));
  if (std::string settings = SettingsOf(vocabs); !settings.empty()) {
    files.push_back(FileOfBytes(kTokenizerSettingsFile, std::move(settings)));
  }
  return files;
}

std::string VocabularyDifference(const VocabularyPair& first, const VocabularyPair& second) {
  const auto same = [](const Tokenizer& one, const Tokenizer& other) {
    return one.serialized() == other.serialized() && one.settings() == other.settings();
  };
  const bool same_src = same(*first.src, *second.src);
  if (same_src && same(*first.tgt, *second.tgt)) return "";
  const char* side = first.joint() && second.joint() ? "joint" : same_src ? "target" : "source";
  const Tokenizer& a = same_src ? *first.tgt : *first.src;
  const Tokenizer& b = same_src ? *second.tgt : *second.src;
  if (a.serialized() == b.serialized()) {
    return fmt::format("{}: the same pieces, but other ids or templates ({})", side, kTokenizerSettingsFile);
  }
  if (a.settings() != TokenizerSettings{} || b.settings() != TokenizerSettings{}) {
    return fmt::format("{}: other pieces, numbered by {}", side, kTokenizerSettingsFile);
  }
  if (a.size() != b.size()) return fmt::format("{}: {} and {} pieces", side, a.size(), b.size());
  for (int32_t id = 0; id < a.size(); ++id) {
    if (a.Piece(id) == b.Piece(id)) continue;
    return fmt::format("{}: piece {} is \"{}\" and \"{}\"", side, id, a.Piece(id), b.Piece(id));
  }
  return fmt::format("{}: the same pieces, but with other scores or settings", side);
}

DecodeDefaults ReadDecodeDefaults(FileSystem& files, const std::string& directory) {
  constexpr int64_t kMaxBytes = 1 << 16;
  const std::string path = JoinPath(directory, kDecodeOptionsFile);
  if (files.Type(path) == FileType::kNone) return {};
  return {ReadFile(files, path, kMaxBytes), path};
}

CheckpointFile DecodeOptionsFile(const std::string& json) {
  CheckpointFile file = FileOfBytes(kDecodeOptionsFile, json);
  file.is_sealed = false;
  return file;
}

std::span<const char* const> ModelFileNames() {
  static constexpr const char* kNames[] = {kManifestName,      kConfigFile,   kWeightsFile,           kJointVocabFile,
                                           kSrcVocabFile,      kTgtVocabFile, kTokenizerSettingsFile, kAboutFile,
                                           kDecodeOptionsFile, kShortlistFile};
  return kNames;
}

std::vector<CheckpointFile> ModelFiles(const Transformer& model, std::span<const float> weights,
                                       const VocabularyPair& vocabs, const ModelAbout* about) {
  std::vector<CheckpointFile> files = VocabularyFiles(vocabs);
  files.push_back(FileOfBytes(kConfigFile, model.config().ToJson()));
  files.push_back({kWeightsFile, [&model, weights](WritableFile& file) {
                     WriteSafetensors(ParameterViews(model.parameters(), weights), {{"format", "dragoman"}}, file);
                   }});
  if (about != nullptr) files.push_back(AboutFile(*about));
  return files;
}

namespace {

// Throws OptionError unless nothing but a directory of files with `allowed` names is there.
void RequireHoldsOnly(FileSystem& files, const std::string& output, std::span<const char* const> allowed,
                      const char* expected) {
  const auto refuse = [&](const std::string& found) {
    throw OptionError(fmt::format("{} {}, expected {}; choose another", output, found, expected));
  };
  const std::string name = FileName(output);
  const FileType type = files.Type(JoinPath(ParentDirectory(output), name));  // of "link/" too: the link's
  if (name.empty() || name == "." || name == "..") refuse("is not a name");
  if (type != FileType::kNone && type != FileType::kDirectory) refuse("is a file or link");
  if (type == FileType::kNone) return;
  for (const std::string& inside : files.List(output)) {
    if (std::ranges::find(allowed, inside) == allowed.end()) refuse("holds " + inside);
  }
}

// What `write` makes of the directory whose name it is given, in the place of `output`.
void WriteAside(FileSystem& files, const std::string& output, const std::function<void(const std::string&)>& write) {
  const std::string parent = ParentDirectory(output);
  const std::string temporary = JoinPath(parent, ".tmp-" + FileName(output));
  CreateDirectories(files, parent);
  try {
    write(temporary);
    ReplaceDirectory(files, temporary, JoinPath(parent, FileName(output)), temporary + "-old");
  } catch (...) {
    try {
      RemoveAll(files, temporary);
    } catch (const FileError&) {  // the first error says more
    }
    throw;
  }
}

}  // namespace

// `output` will be replaced as a whole, so it may hold a model, but nothing of anybody's besides: no run, no checkpoint
// (which has a training's state, too), no notes.
void RequireReplaceable(FileSystem& files, const std::string& output) {
  RequireHoldsOnly(files, output, ModelFileNames(),
                   "the name of a new directory, or one that holds nothing but a model, which is then replaced");
}

void WriteModel(FileSystem& files, const CheckpointContents& contents, const std::string& output) {
  RequireReplaceable(files, output);
  WriteAside(files, output, [&](const std::string& temporary) { WriteCheckpoint(files, temporary, contents); });
}

void RequireNew(FileSystem& files, const std::string& output) {
  RequireHoldsOnly(files, output, {}, "the name of a new directory, or an empty one");
}

void WriteNewDirectory(FileSystem& files, const std::vector<CheckpointFile>& contents, const std::string& output) {
  RequireNew(files, output);
  WriteAside(files, output, [&](const std::string& temporary) {
    WriteFiles(files, temporary, contents);
    files.SyncDirectory(temporary);
  });
}

std::string ResolveModelDirectory(FileSystem& files, const std::string& path) {
  if (files.Exists(JoinPath(path, kConfigFile))) return FollowLinks(files, path);
  for (const char* name : {kBestLink, kLastLink}) {
    const std::string inside = JoinPath(path, name);
    if (files.Exists(JoinPath(inside, kConfigFile))) return FollowLinks(files, inside);
  }
  throw FileError(path,
                  "no model here: expected a directory with config.json, model.safetensors and a vocabulary, or "
                  "a training run's directory with a checkpoint; check the path");
}

TranslationModel LoadTranslationModel(FileSystem& files, const std::string& path, Checks checks) {
  const std::string directory = ResolveModelDirectory(files, path);
  try {
    return LoadFrom(files, directory, checks);
  } catch (const FileError&) {  // perhaps because a training has just removed this checkpoint for a better one
    const std::string now = ResolveModelDirectory(files, path);
    if (now == directory) throw;
    return LoadFrom(files, now, checks);
  }
}

}  // namespace dragoman
