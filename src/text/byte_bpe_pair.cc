// SPDX-License-Identifier: Apache-2.0
#include "text/byte_bpe_pair.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "text/segmenter.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kAdvice[] = "take the file that the model came with";

// Names of pieces, by their ids.
std::vector<std::pair<int32_t, std::string>> ReadVocab(const std::string& text, const std::string& path) {
  const JsonDocument document(text, {path, kAdvice});
  std::vector<std::pair<int32_t, std::string>> pieces;
  const JsonObject vocab = document.root().Object("this");
  for (const JsonObject::Member& member : vocab.members()) {
    const int64_t id = member.value.Integer("the id of \"" + member.key + "\"", 0, kMaxVocabularyPieces - 1);
    pieces.emplace_back(static_cast<int32_t>(id), member.key);
  }
  std::ranges::sort(pieces);
  return pieces;
}

Json ReadMerges(std::string_view text, const std::string& path) {
  if (const size_t bad = FindInvalidUtf8(text); bad != std::string_view::npos) {
    throw FormatError(path, 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n'),
                      std::string("is not UTF-8; ") + kAdvice);
  }
  Json merges = Json::array();
  for (int64_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with("#version")) continue;
    const size_t space = line.find(' ');
    if (space == 0 || space >= line.size() - 1 || line.find(' ', space + 1) != std::string_view::npos) {
      throw FormatError(path, number, std::string("expected two pieces with a space between; ") + kAdvice);
    }
    merges.push_back({std::string(line.substr(0, space)), std::string(line.substr(space + 1))});
  }
  return merges;
}

Json SpecialToken(int32_t id, const std::string& name) {
  return {{"id", id},        {"content", name},     {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

Json ByteLevel(bool add_prefix_space) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", add_prefix_space}, {"trim_offsets", true}, {"use_regex", true}};
}

}  // namespace

std::string ByteBpeFromVocabAndMerges(const std::string& vocab_json, const std::string& merges_txt,
                                      const ByteBpePairOptions& options) {
  Json vocab = Json::object(), added = Json::array();
  auto& pieces = vocab.get_ref<Json::object_t&>();  // appended to as a list: [] would look through all each time
  for (const auto& [id, name] : ReadVocab(vocab_json, options.vocab_path)) {
    pieces.emplace_back(name, id);
    if (std::ranges::find(options.special, name) != options.special.end()) added.push_back(SpecialToken(id, name));
  }
  const Json model = {{"type", "BPE"},
                      {"dropout", nullptr},
                      {"unk_token", nullptr},
                      {"continuing_subword_prefix", ""},
                      {"end_of_word_suffix", ""},
                      {"fuse_unk", false},
                      {"byte_fallback", false},
                      {"ignore_merges", false},
                      {"vocab", std::move(vocab)},
                      {"merges", ReadMerges(merges_txt, options.merges_path)}};
  const Json json = {{"version", "1.0"},
                     {"truncation", nullptr},
                     {"padding", nullptr},
                     {"added_tokens", std::move(added)},
                     {"normalizer", nullptr},
                     {"pre_tokenizer", ByteLevel(options.add_prefix_space)},
                     {"post_processor", nullptr},
                     {"decoder", ByteLevel(true)},
                     {"model", model}};
  return json.dump() + "\n";
}

}  // namespace dragoman
