// SPDX-License-Identifier: Apache-2.0
#include "text/byte_bpe_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/json.h"
#include "text/model_proto_check.h"
#include "text/segmenter.h"

namespace dragoman {
namespace {

constexpr char kAdvice[] =
    "take the tokenizer.json that the model came with, of a byte-level BPE as RoBERTa and BART have";

// Lines and strings of merges that are none: how older files begin.
constexpr std::string_view kVersionMark = "#version";

void RequireKnown(const JsonObject& object, const char* where, const std::vector<std::string_view>& known) {
  for (const JsonObject::Member& member : object.members()) {
    if (std::ranges::find(known, member.key) != known.end()) continue;
    member.value.Fail(fmt::format("{} has the key \"{}\", which is not known here", where, member.key));
  }
}

// The value of a key; none where it is missing or null.
std::optional<JsonValue> Given(const JsonObject& object, const char* key) {
  const JsonValue* const value = object.Find(key);
  if (value == nullptr || value->kind() == JsonKind::kNull) return std::nullopt;
  return *value;
}

bool BoolOr(const JsonObject& object, const char* key, bool usual) {
  const auto value = Given(object, key);
  return value ? value->Bool(key) : usual;
}

// Of what other tokenizers do and this one does not.
void RequireOff(const JsonObject& object, const char* key) {
  const auto value = Given(object, key);
  if (!value || (value->kind() == JsonKind::kBool && !value->Bool(key)) ||
      (value->kind() == JsonKind::kString && value->String(key).empty()) ||
      (value->kind() == JsonKind::kNumber && value->Number(key) == 0)) {
    return;
  }
  value->FailExpecting(key, "none, since it is not done here");
}

void RequireType(const JsonObject& object, const char* where, const char* type) {
  const JsonValue found = object.At("type");
  if (const std::string name = found.String("type"); name != type) {
    found.Fail(fmt::format("{} is \"{}\", which is not done here, expected \"{}\"", where, name, type));
  }
}

class Reader {
 public:
  Reader(const std::string& bytes, const std::string& path) : document_(bytes, {path, kAdvice}) {}
  ByteBpeContents Read();

 private:
  struct Added {
    std::string name;
    JsonValue value;
  };
  using Parts = std::pair<std::string, std::string>;

  void ReadPreTokenizer(const JsonObject& root);
  std::vector<Added> ReadAddedTokens(const JsonObject& root);
  void ReadPieces(const JsonObject& vocab, const std::vector<Added>& added);
  void Place(const std::string& name, const JsonValue& id, size_t count);
  void ReadUnknown(const JsonObject& model);
  void ReadSpecial(const JsonValue& root);
  Parts PartsOf(const JsonValue& merge, const std::string& where) const;
  void ReadMerge(const JsonValue& merge, const std::string& where);
  void ReadMerges(const JsonValue& value);

  int32_t Find(std::string_view name) const {
    const auto found = pieces_.find(name);
    return found == pieces_.end() ? -1 : found->second;
  }
  bool IsSpecial(int32_t piece) const { return read_.special[static_cast<size_t>(piece)]; }

  JsonDocument document_;
  ByteBpeContents read_;
  std::unordered_map<std::string_view, int32_t> pieces_;  // by name
};

void Reader::ReadPreTokenizer(const JsonObject& root) {
  const JsonObject object = root.At("pre_tokenizer").Object("pre_tokenizer");
  RequireType(object, "pre_tokenizer", "ByteLevel");
  RequireKnown(object, "pre_tokenizer", {"type", "add_prefix_space", "trim_offsets", "use_regex"});
  read_.add_prefix_space = object.At("add_prefix_space").Bool("add_prefix_space");
  if (!BoolOr(object, "use_regex", true)) object.At("use_regex").FailExpecting("use_regex", "true");
}

// Those that are not special are found in text before it is cut, which is not done here.
std::vector<Reader::Added> Reader::ReadAddedTokens(const JsonObject& root) {
  std::vector<Added> added;
  const auto list = Given(root, "added_tokens");
  if (!list) return added;
  for (const JsonValue& token : list->Array("added_tokens")) {
    const JsonObject object = token.Object("an added token");
    RequireKnown(object, "an added token",
                 {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    std::string name = object.At("content").String("content");
    if (!object.At("special").Bool("special")) {
      token.Fail(
          fmt::format("the added token \"{}\" is not special, so that it would be found in text, which is not "
                      "done here",
                      name));
    }
    added.push_back({std::move(name), object.At("id")});
  }
  return added;
}

void Reader::Place(const std::string& name, const JsonValue& id, size_t count) {
  if (name.empty()) id.Fail("a piece without a name");
  if (name.size() > kMaxPieceBytes) id.Fail(fmt::format("a piece of {} bytes", name.size()));
  const auto piece = static_cast<int32_t>(id.Integer("the id of \"" + name + "\"", 0, kMaxVocabularyPieces - 1));
  if (static_cast<size_t>(piece) >= count) {
    id.Fail(fmt::format("the id of \"{}\" is {}, but there are {} pieces, whose ids must leave no gap", name, piece,
                        count));
  }
  std::string& place = read_.names[static_cast<size_t>(piece)];
  if (!place.empty()) id.Fail(fmt::format("\"{}\" and \"{}\" both have the id {}", place, name, piece));
  place = name;
}

void Reader::ReadPieces(const JsonObject& vocab, const std::vector<Added>& added) {
  size_t count = vocab.members().size();
  for (const Added& token : added) count += vocab.Find(token.name) == nullptr ? 1 : 0;
  if (count > kMaxVocabularyPieces) {
    document_.root().Fail(fmt::format("{} pieces, expected at most {}", count, kMaxVocabularyPieces));
  }
  read_.names.resize(count);
  read_.special.resize(count);
  for (const JsonObject::Member& member : vocab.members()) Place(member.key, member.value, count);
  for (const Added& token : added) {
    if (vocab.Find(token.name) == nullptr) Place(token.name, token.value, count);
  }
  for (size_t i = 0; i < count; ++i) pieces_.emplace(read_.names[i], static_cast<int32_t>(i));
  for (const Added& token : added) {
    const int32_t piece = Find(token.name);
    const int64_t id = token.value.Integer("id", 0, kMaxVocabularyPieces - 1);
    if (piece != id) token.value.Fail(fmt::format("\"{}\" has two ids, {} and {}", token.name, piece, id));
    if (IsSpecial(piece)) token.value.Fail(fmt::format("\"{}\" is added twice", token.name));
    read_.special[static_cast<size_t>(piece)] = true;
  }
}

void Reader::ReadUnknown(const JsonObject& model) {
  read_.fuse_unk = BoolOr(model, "fuse_unk", false);
  const auto unknown = Given(model, "unk_token");
  if (!unknown) return;
  const std::string name = unknown->String("unk_token");
  read_.unk_id = Find(name);
  if (read_.unk_id < 0) unknown->Fail(fmt::format("unk_token is \"{}\", which is no piece", name));
  read_.special[static_cast<size_t>(read_.unk_id)] = true;
}

void Reader::ReadSpecial(const JsonValue& root) {
  const auto special = [&](const char* name) {
    const int32_t piece = Find(name);
    return piece >= 0 && IsSpecial(piece) ? piece : -1;
  };
  if (read_.unk_id < 0) read_.unk_id = special("<unk>");
  read_.bos_id = special("<s>");
  read_.eos_id = special("</s>");
  read_.pad_id = special("<pad>");
  for (const auto& [name, id] : {std::pair("</s>", read_.eos_id), std::pair("<unk>", read_.unk_id)}) {
    if (id >= 0) continue;
    root.Fail(Find(name) < 0 ? fmt::format("it has no {}, which every model needs", name)
                             : fmt::format("its {} is not among the special added_tokens", name));
  }
}

Reader::Parts Reader::PartsOf(const JsonValue& merge, const std::string& where) const {
  if (merge.kind() == JsonKind::kArray) {
    const std::vector<JsonValue> parts = merge.Array(where);
    if (parts.size() != 2) merge.FailExpecting(where, "two pieces");
    return {parts[0].String(where), parts[1].String(where)};
  }
  const std::string text = merge.String(where);
  const size_t space = text.find(' ');
  if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
    merge.FailExpecting(where, "two pieces with a space between");
  }
  return {text.substr(0, space), text.substr(space + 1)};
}

void Reader::ReadMerge(const JsonValue& merge, const std::string& where) {
  const auto parts = PartsOf(merge, where);
  const auto piece_of = [&](const std::string& name) {
    const int32_t piece = Find(name);
    if (piece < 0 || IsSpecial(piece)) {
      merge.Fail(fmt::format("{} joins \"{}\" and \"{}\", but \"{}\" is {}", where, parts.first, parts.second, name,
                             piece < 0 ? "no piece" : "a special token"));
    }
    return piece;
  };
  const int32_t left = piece_of(parts.first), right = piece_of(parts.second);
  const int32_t result = piece_of(parts.first + parts.second);
  read_.merges.push_back({left, right, result});
}

void Reader::ReadMerges(const JsonValue& value) {
  const std::vector<JsonValue> merges = value.Array("merges");
  for (size_t i = 0; i < merges.size(); ++i) {
    const std::string where = fmt::format("merges[{}]", i);
    if (merges[i].kind() == JsonKind::kString && merges[i].String(where).starts_with(kVersionMark)) continue;
    ReadMerge(merges[i], where);
  }
  std::vector<uint32_t> ranks(read_.merges.size());
  std::iota(ranks.begin(), ranks.end(), 0u);
  const auto parts_of = [&](uint32_t rank) { return std::pair(read_.merges[rank].left, read_.merges[rank].right); };
  std::ranges::sort(ranks, {}, parts_of);
  if (const auto twin = std::ranges::adjacent_find(ranks, {}, parts_of); twin != ranks.end()) {
    const auto [left, right] = parts_of(*twin);
    value.Fail(fmt::format("two merges join \"{}\" and \"{}\"", read_.names[static_cast<size_t>(left)],
                           read_.names[static_cast<size_t>(right)]));
  }
  read_.begin_of_left.resize(read_.names.size() + 1);
  for (const uint32_t rank : ranks) {
    read_.by_left.push_back({read_.merges[rank].right, rank});
    ++read_.begin_of_left[static_cast<size_t>(read_.merges[rank].left) + 1];
  }
  std::partial_sum(read_.begin_of_left.begin(), read_.begin_of_left.end(), read_.begin_of_left.begin());
}

ByteBpeContents Reader::Read() {
  const JsonObject root = document_.root().Object("this");
  const JsonObject model = root.At("model").Object("model");
  if (Given(model, "type")) RequireType(model, "model", "BPE");  // the oldest files do not say it
  RequireKnown(root, "this",
               {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
                "decoder", "model"});
  RequireKnown(model, "model",
               {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
                "byte_fallback", "ignore_merges", "vocab", "merges"});
  RequireOff(root, "normalizer");
  for (const char* key :
       {"dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "ignore_merges"}) {
    RequireOff(model, key);
  }
  ReadPreTokenizer(root);
  if (const auto decoder = Given(root, "decoder")) RequireType(decoder->Object("decoder"), "decoder", "ByteLevel");
  ReadPieces(model.At("vocab").Object("vocab"), ReadAddedTokens(root));
  ReadUnknown(model);
  ReadSpecial(document_.root());
  ReadMerges(model.At("merges"));
  return std::move(read_);
}

}  // namespace

uint32_t ByteBpeContents::RankOf(int32_t left, int32_t right) const {
  const RankedPart* const begin = by_left.data() + begin_of_left[static_cast<size_t>(left)];
  const RankedPart* const end = by_left.data() + begin_of_left[static_cast<size_t>(left) + 1];
  const RankedPart* const found =
      std::lower_bound(begin, end, right, [](const RankedPart& part, int32_t wanted) { return part.right < wanted; });
  return found != end && found->right == right ? found->rank : kNoMerge;
}

ByteBpeContents CheckByteBpe(const std::string& bytes, const std::string& path) { return Reader(bytes, path).Read(); }

}  // namespace dragoman
