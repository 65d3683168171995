// SPDX-License-Identifier: Apache-2.0
#include "interop/argos.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "base/error.h"
#include "interop/ctranslate2.h"
#include "interop/source_settings.h"
#include "interop/zip_files.h"

namespace dragoman {
namespace {

constexpr char kMetadata[] = "metadata.json", kModel[] = "model", kSentencePiece[] = "sentencepiece.model";
constexpr char kBpe[] = "bpe.model";
// How Argos Translate has CTranslate2 search.
constexpr char kSearch[] = R"({
  "beam_size": 4,
  "stopping": "beam",
  "length_penalty": 0.2,
  "length_penalty_form": "power",
  "min_length": 2
}
)";
constexpr int64_t kMaxMemberBytes = int64_t{1} << 33;

// Where metadata.json is: in the directory itself, or in the only one inside.
std::string PackageIn(FileSystem& files, const std::string& path) {
  if (files.Exists(JoinPath(path, kMetadata))) return path;
  for (const std::string& name : files.List(path)) {
    const std::string inside = JoinPath(path, name);
    if (files.Type(inside) == FileType::kDirectory && files.Exists(JoinPath(inside, kMetadata))) return inside;
  }
  throw FormatError(path, "holds no metadata.json, expected a package of Argos Translate; fetch it again");
}

// A token that every output begins with, of a model of several languages.
void SetTargetPrefix(const std::string& token, const std::string& path, ForeignModel* model) {
  if (token.empty()) return;
  const std::optional<int32_t> id = model->vocabs.tgt->Find(token);
  if (!id) throw FormatError(path, fmt::format("target_prefix is \"{}\", expected a token of the vocabulary", token));
  TokenizerSettingsPair settings{model->vocabs.src->settings(), model->vocabs.tgt->settings()};
  settings.tgt.prefix = {*id};
  model->vocabs = WithSettings(model->vocabs, settings, path);
}

ForeignModel OpenPackage(FileSystem& files, const std::string& package) {
  const std::string path = JoinPath(package, kMetadata);
  SourceSettings metadata(files, path);
  metadata.ExpectString("type", "translate");
  CTranslate2Options options;
  options.spm = JoinPath(package, kSentencePiece);
  if (!files.Exists(options.spm)) {
    throw FileError(package, files.Exists(JoinPath(package, kBpe))
                                 ? "has a bpe.model, whose text is to be cut into words first, expected a "
                                   "sentencepiece.model; take a newer package"
                                 : "has no sentencepiece.model; fetch the package again");
  }
  ForeignModel model = OpenCTranslate2(files, JoinPath(package, kModel), options);
  SetTargetPrefix(metadata.String("target_prefix", ""), path, &model);
  model.decode_options = kSearch;
  model.family = "Argos Translate";
  model.about.name = fmt::format("{} to {}", metadata.String("from_name", "?"), metadata.String("to_name", "?"));
  return model;
}

}  // namespace

bool IsArgos(FileSystem& files, const std::string& path) {
  if (path.ends_with(".argosmodel")) return true;
  return files.Exists(JoinPath(path, kMetadata)) && files.Exists(JoinPath(path, kModel));
}

ForeignModel OpenArgos(FileSystem& files, const std::string& path) {
  if (files.Type(path) == FileType::kDirectory) return OpenPackage(files, PackageIn(files, path));
  ZipFiles zip(files, path, kMaxMemberBytes);  // what is opened from it keeps the file
  return OpenPackage(zip, PackageIn(zip, path));
}

}  // namespace dragoman
