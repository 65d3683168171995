// SPDX-License-Identifier: Apache-2.0
#include "interop/marian_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "interop/source_settings.h"
#include "interop/yaml_json.h"

namespace dragoman {
namespace {

constexpr int64_t kMaxYamlBytes = 1 << 20;

bool IsWeights(const std::string& name) {
  const bool ends = name.ends_with(".npz") || name.ends_with(".bin");
  return ends && !name.starts_with("lex") && name.find(".optimizer.") == std::string::npos &&
         name.find("pytorch_model") == std::string::npos && name != "model.bin.orig";
}

bool IsDecoderConfig(const std::string& name) {
  return name.ends_with("decoder.yml") || name == "config.bergamot.yml" || name == "config.intgemm8bitalpha.yml";
}

bool IsVocabulary(const std::string& name) {
  return name.ends_with(".spm") || name.ends_with("vocab.yml") || name.ends_with("vocab.yaml");
}

std::vector<std::string> Names(FileSystem& files, const std::string& directory,
                               const std::function<bool(const std::string&)>& wanted) {
  std::vector<std::string> names;
  for (const std::string& name : files.List(directory)) {
    if (wanted(name)) names.push_back(name);
  }
  return names;
}

// A path of Marian's settings: as it stands, or beside the settings, wherever they were when they were written.
std::string Beside(FileSystem& files, const std::string& directory, const std::string& path) {
  const std::string here = JoinPath(directory, path);
  if (path.find("..") == std::string::npos && !path.starts_with('/') && files.Exists(here)) return here;
  return JoinPath(directory, FileName(path));
}

bool IsShortlist(const std::string& name) { return name.starts_with("lex.") && name.find(".s2t") != std::string::npos; }

// [path], [path, how many frequent ones, how many of each word, above which probability]; of a binary one the second
// is whether Marian is to check it.
void ReadShortlist(FileSystem& files, SourceSettings& settings, MarianFiles* found) {
  constexpr char kKey[] = "shortlist";
  const std::vector<std::string> values = settings.Scalars(kKey);
  if (values.empty()) return;
  const std::string path = Beside(files, found->directory, values[0]);
  if (!files.Exists(path)) {
    found->missing.push_back(FileName(path));
    return;
  }
  found->shortlist = path;
  if (IsBinaryMarianShortlist(files, path)) return;
  const auto number = [&](size_t at, double otherwise, double most) {
    if (at >= values.size()) return otherwise;
    double value = 0;
    const char* const end = values[at].data() + values[at].size();
    const auto [stop, error] = std::from_chars(values[at].data(), end, value);
    if (error == std::errc() && stop == end && value >= 0 && value <= most) return value;
    settings.Refuse(
        kKey, fmt::format("a path, two numbers of words, the second at most {}, and a probability", kMostOfAWord));
  };
  found->limits.frequent = static_cast<int64_t>(number(1, static_cast<double>(found->limits.frequent), 1e9));
  found->limits.per_word = static_cast<int64_t>(number(2, static_cast<double>(found->limits.per_word), kMostOfAWord));
  found->limits.threshold = number(3, found->limits.threshold, 1e9);
}

// What marian-decoder finds by these settings, and by its own where they say nothing.
std::string SearchOf(SourceSettings& settings) {
  if (settings.Number("word-penalty", 0) != 0) settings.Refuse("word-penalty", "0, as no other is applied here");
  const nlohmann::ordered_json search = {{"beam_size", settings.Integer("beam-size", 1, 256, 12)},
                                         {"stopping", "narrow"},
                                         {"length_penalty", settings.Number("normalize", 0)},
                                         {"length_penalty_form", "power"},
                                         {"max_length_factor", settings.Number("max-length-factor", 3)},
                                         {"allow_unk", settings.Bool("allow-unk", false)}};
  return search.dump(2) + "\n";
}

// What decoder.yml says: models, vocabs, a shortlist, the search.
void ReadDecoderConfig(FileSystem& files, const std::string& path, MarianFiles* found) {
  SourceSettings settings(JsonOfYaml(ReadFile(files, path, kMaxYamlBytes), path), path);
  const std::vector<std::string> models = settings.Strings("models"), vocabs = settings.Strings("vocabs");
  if (models.size() > 1) settings.Refuse("models", "one; import the models of an ensemble one by one");
  if (models.size() == 1) found->weights = Beside(files, found->directory, models[0]);
  if (vocabs.size() > 2) settings.Refuse("vocabs", "one or two");
  ReadShortlist(files, settings, found);
  found->search = SearchOf(settings);
  if (vocabs.empty()) return;
  found->src = Beside(files, found->directory, vocabs.front());
  found->tgt = Beside(files, found->directory, vocabs.back());
}

void FindWeights(FileSystem& files, MarianFiles* found) {
  if (!found->weights.empty()) return;
  const std::vector<std::string> names = Names(files, found->directory, IsWeights);
  if (names.size() == 1) {
    found->weights = JoinPath(found->directory, names[0]);
    return;
  }
  if (names.empty()) throw FileError(found->directory, "holds no Marian model, expected a file .npz or .bin");
  throw OptionError(fmt::format("{} holds several models ({}), expected one; give the file itself", found->directory,
                                fmt::join(names, ", ")));
}

void FindVocabularies(FileSystem& files, MarianFiles* found) {
  if (!found->src.empty() && !found->tgt.empty()) return;
  std::vector<std::string> names = Names(files, found->directory, IsVocabulary);
  const bool has_yaml = std::ranges::any_of(names, [](const std::string& name) { return !name.ends_with(".spm"); });
  // The .spm beside a .yml cut text into its pieces.
  if (has_yaml) std::erase_if(names, [](const std::string& name) { return name.ends_with(".spm"); });
  const auto of_side = [&](const std::vector<std::string>& words) -> std::string {
    if (names.size() == 1) return JoinPath(found->directory, names[0]);
    std::vector<std::string> fitting;
    for (const std::string& name : names) {
      if (std::ranges::any_of(words, [&](const std::string& word) { return name.starts_with(word); })) {
        fitting.push_back(name);
      }
    }
    return fitting.size() == 1 ? JoinPath(found->directory, fitting[0]) : "";
  };
  if (found->src.empty()) found->src = of_side({"src", "source"});
  if (found->tgt.empty()) found->tgt = of_side({"trg", "tgt", "target"});
  if (!found->src.empty() && !found->tgt.empty()) return;
  throw OptionError(
      fmt::format("the vocabularies of {} are not clear ({}), expected one file .spm or .yml, or two; give "
                  "`src_vocab` and `tgt_vocab`",
                  found->directory, names.empty() ? "there is none" : fmt::format("{}", fmt::join(names, ", "))));
}

}  // namespace

bool HasMarianFiles(FileSystem& files, const std::string& path) {
  const std::string name = FileName(path);
  if (files.Type(path) != FileType::kDirectory) return IsDecoderConfig(name) || IsWeights(name);
  return !Names(files, path, IsDecoderConfig).empty() ||
         !Names(files, path, [](const std::string& inside) {
            return IsWeights(inside) && inside != "model.bin";  // CTranslate2's is called so
          }).empty();
}

MarianFiles FindMarianFiles(FileSystem& files, const std::string& path, const MarianVocabularies& vocabularies) {
  MarianFiles found;
  const bool is_directory = files.Type(path) == FileType::kDirectory;
  found.directory = is_directory ? path : ParentDirectory(path);
  std::vector<std::string> configs;
  if (is_directory) {
    configs = Names(files, path, IsDecoderConfig);
    if (configs.size() > 1) {  // of several checkpoints; the plain name is that of what was released
      std::erase_if(configs, [](const std::string& name) { return name != "decoder.yml"; });
    }
  } else if (IsWeights(FileName(path))) {
    found.weights = path;
  } else {
    configs = {FileName(path)};
  }
  if (!configs.empty()) ReadDecoderConfig(files, JoinPath(found.directory, configs[0]), &found);
  FindWeights(files, &found);
  if (found.shortlist.empty() && found.missing.empty()) {
    std::vector<std::string> names = Names(files, found.directory, IsShortlist);
    // Of a text and what was made of it the latter was meant to be used, and has its limits in it.
    if (names.size() > 1) std::erase_if(names, [](const std::string& name) { return !name.ends_with(".bin"); });
    if (names.size() == 1) found.shortlist = JoinPath(found.directory, names[0]);
  }
  if (!vocabularies.src.empty()) found.src = vocabularies.src;
  if (!vocabularies.tgt.empty()) found.tgt = vocabularies.tgt;
  FindVocabularies(files, &found);
  if (!found.src.ends_with(".spm")) {
    for (const auto& [name, spm] : {std::pair("source.spm", &found.src_spm), {"target.spm", &found.tgt_spm}}) {
      if (files.Exists(JoinPath(found.directory, name))) *spm = JoinPath(found.directory, name);
    }
    if (found.src_spm.empty() || found.tgt_spm.empty()) found.src_spm = found.tgt_spm = "";
  }
  return found;
}

}  // namespace dragoman
