// SPDX-License-Identifier: Apache-2.0
#include "train/training_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include "base/check.h"
#include "base/error.h"

namespace dragoman {
namespace {

// "" is a list of nothing; "a,,b" has an empty item.
std::vector<std::string> Items(const std::string& list) {
  std::vector<std::string> items;
  if (list.empty()) return items;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    items.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

std::optional<int64_t> Thousandths(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value > 0 && value <= 1000)) return std::nullopt;
  const double thousandths = std::round(value * 1000);
  if (thousandths < 1 || std::abs(value * 1000 - thousandths) > 1e-6) return std::nullopt;
  return static_cast<int64_t>(thousandths);
}

std::vector<int64_t> Weights(const TrainOptions& o) {
  std::vector<int64_t> weights;
  for (const std::string& item : Items(o.train_weight)) {
    const std::optional<int64_t> thousandths = Thousandths(item);
    if (!thousandths) {
      throw OptionError(
          fmt::format("`train_weight` has \"{}\", expected 0.001 to 1000, with three decimals at most", item));
    }
    weights.push_back(*thousandths);
  }
  return weights;
}

struct FileList {
  const char* option;
  const std::string& names;
};

std::vector<FileList> FileLists(const TrainOptions& o) {
  return {{"`train_src`", o.train_src},
          {"`train_tgt`", o.train_tgt},
          {"`train_tsv`", o.train_tsv},
          {"`train_jsonl`", o.train_jsonl}};
}

void RequireAsMany(const char* option, size_t found, const char* than, size_t expected) {
  if (found == expected) return;
  throw OptionError(fmt::format("{} has {} items (commas stand between them), but {} has {}; give as many in both",
                                option, found, than, expected));
}

}  // namespace

std::vector<CorpusInput> TrainingTexts(const TrainOptions& o) {
  std::vector<CorpusInput> texts;
  const char* whose = "";
  const auto add_all = [&](const char* option, const std::string& names, const ParallelInput& like) {
    if (!names.empty()) whose = option;
    for (const std::string& name : Items(names)) {
      texts.push_back({like, ""});
      texts.back().input.source = name;
    }
  };
  const PairFormat of_files = o.denoise == Noise::kNone ? PairFormat::kTwoFiles : PairFormat::kLines;
  add_all("`train_src`", o.train_src, {.format = of_files});
  add_all("`train_tsv`", o.train_tsv, {.format = PairFormat::kTsv});
  add_all("`train_jsonl`", o.train_jsonl,
          {.format = PairFormat::kJsonl, .source_key = o.jsonl_src_key, .target_key = o.jsonl_tgt_key});
  if (of_files == PairFormat::kTwoFiles && !o.train_src.empty()) {
    const std::vector<std::string> targets = Items(o.train_tgt);
    RequireAsMany("`train_tgt`", targets.size(), whose, texts.size());
    for (size_t i = 0; i < targets.size(); ++i) texts[i].input.target = targets[i];
  }
  if (!o.train_weight.empty()) RequireAsMany("`train_weight`", Weights(o).size(), whose, texts.size());
  if (!o.train_tag.empty()) {
    const std::vector<std::string> tags = Items(o.train_tag);
    RequireAsMany("`train_tag`", tags.size(), whose, texts.size());
    for (size_t i = 0; i < tags.size(); ++i) texts[i].tag = tags[i];
  }
  for (const InputPath& file : TrainingFiles(o)) {
    if (file.path.empty()) {
      throw OptionError(fmt::format("{} has an empty name between its commas, expected that of a file", file.option));
    }
  }
  return texts;
}

std::vector<InputPath> TrainingFiles(const TrainOptions& o) {
  std::vector<InputPath> files;
  for (const auto& [option, names] : FileLists(o)) {
    for (const std::string& name : Items(names)) files.push_back({option, name});
  }
  return files;
}

std::vector<PairShare> SharesOf(const TrainOptions& options, std::span<const CorpusReport> reports) {
  const std::vector<int64_t> weights = Weights(options);
  if (std::ranges::all_of(weights, [](int64_t thousandths) { return thousandths == 1000; })) return {};
  DRAGOMAN_CHECK(weights.size() == reports.size());
  std::vector<PairShare> shares;
  for (size_t i = 0; i < weights.size(); ++i) shares.push_back({reports[i].pairs, weights[i]});
  return shares;
}

}  // namespace dragoman
