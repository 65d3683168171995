// SPDX-License-Identifier: Apache-2.0
#include "cli/describe.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/flag_text.h"
#include "data/line_reader.h"
#include "dragoman/options.h"
#include "format/about.h"
#include "format/manifest.h"
#include "format/model_directory.h"
#include "format/model_file.h"
#include "format/packed_model.h"
#include "kernels/elementwise.h"
#include "tensor/safetensors.h"
#include "text/tokenizer.h"
#include "train/checkpoint_store.h"
#include "train/run_checkpoint.h"
#include "train/train_state.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;

// Collects what is wrong, so that one damaged file hides none of the others.
class Describer {
 public:
  Describer(FileSystem& files, bool verify) : files_(files), verify_(verify) {}

  Json Vocabulary(const std::string& path);
  Json Model(const std::string& directory);
  Json Run(const std::string& run);
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  // Calls fn. What it throws is a problem; none is told twice.
  void Try(const std::function<void()>& fn) {
    try {
      fn();
    } catch (const Error& error) {
      const std::string problem = WithFlags(error.what());
      if (std::ranges::find(problems_, problem) == problems_.end()) problems_.push_back(problem);
    }
  }
  bool Has(const std::string& directory, const char* name) const { return files_.Exists(JoinPath(directory, name)); }
  Json Files(const std::string& directory);
  Json Seal(const std::string& directory);  // the manifest
  Json Weights(const SafetensorsReader& weights);
  Json Vocabularies(const std::string& directory, const std::optional<TransformerConfig>& config);
  Json Settings(const std::string& directory, const std::optional<TransformerConfig>& config);
  Json Checkpoints(const std::string& run);
  void ReadLog(const std::string& path, Json* out);
  void RequireFiniteNumbers(const std::string& path);

  FileSystem& files_;
  const bool verify_;
  std::vector<std::string> problems_;
};

// Ids that stand for something special, by their names.
Json SpecialIds(const Tokenizer& tokenizer) {
  Json special = Json::object();
  for (const int32_t id : {tokenizer.unk_id(), tokenizer.bos_id(), tokenizer.eos_id(), tokenizer.pad_id()}) {
    if (id >= 0) special[tokenizer.Piece(id)] = id;
  }
  return special;
}

// What a side's tokenizer has otherwise than its vocabulary, with all ids as the model numbers them.
Json SettingsOfSide(const Tokenizer& tokenizer) {
  const TokenizerSettings& settings = tokenizer.settings();
  Json json = {{"special_ids", SpecialIds(tokenizer)},
               {"rows", tokenizer.rows()},
               {"padding_rows", settings.padding_rows},
               {"without_row", std::ranges::count(settings.ids, IdMap::kNone)},
               {"added", settings.added.size()},
               {"prefix", tokenizer.sentence().prefix.size()},
               {"suffix", tokenizer.sentence().suffix.size()},
               {"banned", settings.banned.size()}};
  for (const auto& [code, id] : settings.languages) json["languages"].push_back(code);
  return json;
}

Json Describer::Vocabulary(const std::string& path) {
  Json json;
  Try([&] {
    json["file"] = FileName(InputName(path));
    if (path != kStdinPath) json["bytes"] = files_.Open(path)->size();
    const Tokenizer vocabulary = Tokenizer::Load(path);
    const VocabularyTraits& traits = vocabulary.traits();
    json["bytes"] = vocabulary.serialized().size();
    json["type"] = traits.type;
    json["pieces"] = vocabulary.size();
    json["special_ids"] = SpecialIds(vocabulary);
    json["user_defined"] = traits.user_defined;
    json["unused"] = traits.unused;
    json["byte_fallback"] = traits.byte_fallback && traits.bytes == 256;
    json["normalization"] = traits.normalization;
    json["adds_space_in_front"] = traits.adds_space_in_front;
    json["removes_extra_spaces"] = traits.removes_extra_spaces;
    if (traits.longest >= 0) json["longest_piece"] = vocabulary.Piece(traits.longest);
    if (vocabulary.eos_id() < 0) {
      throw FormatError(path, "has no </s>, so no model can use it; make it again with `dragoman vocab`");
    }
  });
  return json;
}

Json Describer::Files(const std::string& directory) {
  Json list = Json::array();
  for (const std::string& name : files_.List(directory)) {
    Try([&] {
      const std::string path = JoinPath(directory, name);
      if (files_.Type(path) == FileType::kFile) list.push_back({{"name", name}, {"bytes", files_.Open(path)->size()}});
    });
  }
  return list;
}

Json Describer::Seal(const std::string& directory) {
  Json json;
  Try([&] {
    const Manifest manifest = ReadManifest(files_, directory);
    json["step"] = manifest.step;
    if (manifest.score) json["score"] = *manifest.score;
    for (const ManifestFile& file : manifest.files)
      Try([&] { VerifyFile(files_, directory, file, verify_ ? Checks::kAll : Checks::kAllButNumbers); });
  });
  return json;
}

// By the names of docs/design.md; what is tied is in the file once, so counted once.
Json Describer::Weights(const SafetensorsReader& weights) {
  constexpr std::pair<const char*, const char*> kParts[] = {
      {"src_embed.", "embeddings"},      {"tgt_embed.", "embeddings"},     {"src_embed_norm.", "embeddings"},
      {"tgt_embed_norm.", "embeddings"}, {"src_positions.", "embeddings"}, {"tgt_positions.", "embeddings"},
      {"encoder.", "encoder"},           {"decoder.", "decoder"},          {"output.", "output"}};
  Json parts = {{"total", 0}, {"embeddings", 0}, {"encoder", 0}, {"decoder", 0}, {"output", 0}};
  std::set<std::string> types;
  for (const auto& [name, info] : weights.tensors()) {
    types.insert(DTypeName(info.dtype));
    const auto add = [&, size = info.elements](const char* part) {
      parts[part] = parts.value(part, int64_t{0}) + size;
    };
    add("total");
    const auto part =
        std::ranges::find_if(kParts, [&tensor = name](const auto& p) { return tensor.starts_with(p.first); });
    add(part == std::end(kParts) ? "other" : part->second);
  }
  return {{"parameters", parts}, {"types", types}};
}

Json Describer::Vocabularies(const std::string& directory, const std::optional<TransformerConfig>& config) {
  Json json = Json::object();
  const auto add = [&](const char* side, const char* name, int rows) {
    json[side] = Vocabulary(JoinPath(directory, name));
    const Json& pieces = json[side].value("pieces", Json(rows));
    if (rows == 0 || Has(directory, kTokenizerSettingsFile) || pieces.get<int64_t>() == rows) return;
    problems_.push_back(fmt::format("{}: has {} pieces, but config.json says {}; do the two belong together?",
                                    JoinPath(directory, name), pieces.dump(), rows));
  };
  const int src = config ? config->src_vocab : 0, tgt = config ? config->tgt_vocab : 0;
  if (Has(directory, kJointVocabFile)) {
    add("joint", kJointVocabFile, src);
  } else {
    add("source", kSrcVocabFile, src);
    add("target", kTgtVocabFile, tgt);
  }
  return json;
}

// Of each side that has settings of its own.
Json Describer::Settings(const std::string& directory, const std::optional<TransformerConfig>& config) {
  Json json = Json::object();
  Try([&] {
    const VocabularyPair vocabs = LoadVocabularies(files_, directory);
    for (const auto& [side, tokenizer] : {std::pair("source", vocabs.src), std::pair("target", vocabs.tgt)}) {
      if (tokenizer->settings() != TokenizerSettings{}) json[side] = SettingsOfSide(*tokenizer);
    }
    if (config) RequireFit(vocabs, *config, directory);
  });
  return json;
}

void Describer::RequireFiniteNumbers(const std::string& path) {
  const SafetensorsReader reader(files_, path);
  if (PackedFormatOf(reader)) return;  // looked at already
  for (const auto& [name, info] : reader.tensors()) {
    Try([&, &tensor = name, &place = info] {
      std::vector<float> values(static_cast<size_t>(place.elements));
      reader.ReadFloats(tensor, place.shape, values);
      if (kernels::AllFinite(values)) return;
      throw FormatError(path,
                        fmt::format("tensor \"{}\" holds numbers that are not finite; use another checkpoint", tensor));
    });
  }
}

Json TrainingOf(const TrainState& state) {
  Json json = Json::parse(state.ToJson());
  json.erase("corpus_fingerprint");
  for (Json& text : json["options"]) text = WithFlags(text.get<std::string>());  // "the end of `max_epochs` 20"
  return json;
}

Json Describer::Model(const std::string& directory) {
  Json json = {{"directory", directory}, {"files", Files(directory)}};
  int64_t bytes = 0;
  for (const Json& file : json["files"]) bytes += file["bytes"].get<int64_t>();
  json["bytes"] = bytes;
  if (files_.Type(JoinPath(directory, kManifestName)) != FileType::kNone) json["manifest"] = Seal(directory);
  std::optional<TransformerConfig> config;
  Try([&] {
    config = ReadConfig(files_, directory);
    json["config"] = Json::parse(config->ToJson());
  });
  Try([&] {
    SafetensorsReader weights(files_, JoinPath(directory, kWeightsFile));
    json.update(Weights(weights));
    if (const auto packed = PackedFormatOf(weights)) {
      json["packed"] = EnumName(*packed);
      if (config) RequirePackedModel(*config, weights, verify_);
    } else if (config) {
      RequireShapes(*config, weights);
    }
  });
  json["vocabularies"] = Vocabularies(directory, config);
  if (Has(directory, kTokenizerSettingsFile)) json["tokenizers"] = Settings(directory, config);
  if (Has(directory, kStateFile)) Try([&] { json["training"] = TrainingOf(ReadTrainState(files_, directory)); });
  Try([&] {
    if (const auto about = ReadAbout(files_, directory)) json["about"] = Json::parse(about->ToJson());
  });
  Try([&] {
    const DecodeDefaults defaults = ReadDecodeDefaults(files_, directory);
    if (defaults.json.empty()) return;
    DecodeOptions::FromJson(defaults.json, defaults.path);  // or an error
    json["decode_options"] = Json::parse(defaults.json);
  });
  for (const char* name : {kWeightsFile, kMomentsFile}) {
    if (verify_ && Has(directory, name)) Try([&] { RequireFiniteNumbers(JoinPath(directory, name)); });
  }
  json["verified"] = verify_;
  return json;
}

Json Describer::Checkpoints(const std::string& run) {
  Json list = Json::array();
  for (const std::string& directory : CheckpointsNewestFirst(files_, run)) {
    const std::string name = FileName(directory);
    if (files_.Type(directory) != FileType::kDirectory) continue;  // RUN/last
    Json checkpoint = {{"name", name}};
    Try([&] {
      const Manifest manifest = ReadManifest(files_, directory);
      checkpoint["step"] = manifest.step;
      if (manifest.score) checkpoint["score"] = *manifest.score;
    });
    list.push_back(std::move(checkpoint));
  }
  return list;
}

// The texts, numbers and truth values of one line; none if it is still being written, or was cut by a kill.
Json RecordOf(std::string line, const std::string& path) {
  Json record = Json::object();
  try {
    const JsonDocument document(std::move(line), {path, ""});
    const JsonObject object = document.root().Object("this");
    if (object.Find("step") != nullptr) record["step"] = object.At("step").Integer("step", 0, INT64_MAX);
    for (const auto& [key, value] : object.members()) {
      if (value.kind() == JsonKind::kBool) record[key] = value.Bool(key);
      if (value.kind() == JsonKind::kNumber && key != "step") record[key] = value.Number(key);
      if (value.kind() == JsonKind::kString) record[key] = value.String(key);
    }
  } catch (const FormatError&) {
    return Json::object();
  }
  return record;
}

// The validations in RUN/train.jsonl, and its last record.
void Describer::ReadLog(const std::string& path, Json* out) {
  LineReader reader(path);
  int64_t validations = 0;
  for (std::string_view line; reader.Next(&line);) {
    const Json record = RecordOf(std::string(line), path);
    const Json event = record.value("event", Json());
    if (event == "valid") {
      ++validations;
      (*out)["last_validation"] = record;
      if (record.value("best", Json()) == true) (*out)["best_validation"] = record;
    }
    out->erase("end");  // a run that goes on has not ended
    if (event == "end") (*out)["end"] = record;
  }
  (*out)["validations"] = validations;
}

// Of a run's whole directory, without following links.
int64_t BytesBelow(FileSystem& files, const std::string& path) {
  if (files.Type(path) == FileType::kFile) return files.Open(path)->size();
  int64_t bytes = 0;
  if (files.Type(path) != FileType::kDirectory) return bytes;
  for (const std::string& name : files.List(path)) bytes += BytesBelow(files, JoinPath(path, name));
  return bytes;
}

Json Describer::Run(const std::string& run) {
  Json json = {{"checkpoints", Checkpoints(run)}};
  for (const char* link : {kBestLink, kLastLink}) {
    const std::string path = JoinPath(run, link);
    if (files_.Type(path) == FileType::kSymlink) json[link] = files_.ReadSymlink(path);
  }
  if (files_.Exists(JoinPath(run, "averaged"))) json["averaged"] = "averaged";
  const std::string log = JoinPath(run, "train.jsonl");
  if (files_.Exists(log)) Try([&] { ReadLog(log, &json); });
  if (json["checkpoints"].empty() && !json.contains("validations")) {
    throw FileError(run,
                    "no model here, no run and no vocabulary; expected a model's or run's directory, or a vocabulary "
                    "file; check the path");
  }
  Try([&] { json["bytes"] = BytesBelow(files_, run); });
  return json;
}

// A file that is no vocabulary but belongs to a model or run.
void RefusePart(const std::string& path) {
  constexpr const char* kParts[] = {kConfigFile,  kWeightsFile, kManifestName,  kTokenizerSettingsFile, kStateFile,
                                    kMomentsFile, kAboutFile,   kShortlistFile, kDecodeOptionsFile};
  if (std::ranges::find(kParts, FileName(path)) == std::end(kParts)) return;
  throw FileError(
      path, fmt::format("is a part of a model, expected the whole; give its directory, {}", ParentDirectory(path)));
}

// A file of text that is no vocabulary is none of ours; what is wrong with it as a vocabulary would lead astray.
void RefuseText(FileSystem& files, const std::string& path) {
  constexpr int64_t kHeadBytes = 4096;
  const std::unique_ptr<ReadableFile> file = files.Open(path);
  std::string head(static_cast<size_t>(std::min(file->size(), kHeadBytes)), '\0');
  file->Read(0, head);
  if (head.empty() || !LooksLikeText(head) || KindOfVocabulary(head) != VocabularyKind::kSentencePiece) return;
  throw FileError(path,
                  "is text, not a vocabulary; expected a model's or run's directory, or a vocabulary file: a "
                  "SentencePiece model (dragoman vocab), a tokenizer.json or a list of words; give one of these");
}

bool IsModel(FileSystem& files, const std::string& path) {
  const auto has = [&](const char* name) { return files.Type(JoinPath(path, name)) != FileType::kNone; };
  return has(kConfigFile) || has(kWeightsFile) || has(kManifestName);
}

}  // namespace

Json Describe(FileSystem& files, const std::string& path, bool verify) {
  Json json = {{"path", path}, {"kind", ""}};
  Describer describer(files, verify);
  if (path == kStdinPath || !files.Exists(JoinPath(path, "."))) {  // a file, or nothing
    if (path != kStdinPath) {
      files.Open(path);  // which says so when there is none
      RefusePart(path);
      RefuseText(files, path);
    }
    json["kind"] = "vocabulary";
    json["vocabulary"] = describer.Vocabulary(path);
  } else if (IsModel(files, path)) {
    const bool has_state = files.Exists(JoinPath(path, kStateFile));
    json["kind"] = has_state ? "checkpoint" : "model";
    json["model"] = describer.Model(path);
  } else {
    json["kind"] = "run";
    json["run"] = describer.Run(path);
    if (!json["run"]["checkpoints"].empty()) json["model"] = describer.Model(ResolveModelDirectory(files, path));
  }
  json["problems"] = describer.problems();
  return json;
}

}  // namespace dragoman
