// SPDX-License-Identifier: Apache-2.0
#include "interop/unigram_json.h"

#include <fmt/format.h>

#include <initializer_list>
#include <set>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "interop/model_proto_writer.h"
#include "text/segmenter.h"

namespace dragoman {
namespace {

constexpr std::string_view kSpaceMark = "\u2581";

// What the parts of a tokenizer, one after the other, do to a text.
struct TextRules {
  std::string charsmap;
  bool joins_spaces = false;   // one for several, and none at the ends
  bool has_others = false;     // normalisers after the charsmap
  bool has_metaspace = false;  // a mark for each space and in front
};

std::string Name(const char* key) { return fmt::format("key \"{}\"", key); }

std::string TextOf(const JsonObject& object, const char* key) { return object.At(key).String(Name(key)); }

std::string FromBase64(const JsonValue& value, std::string_view name) {
  const std::string text = value.String(name);
  const auto fail = [&] { value.FailExpecting(name, "bytes as base64"); };
  std::string bytes;
  uint32_t bits = 0;
  size_t digits = text.size();
  while (digits > 0 && text.size() - digits < 2 && text[digits - 1] == '=') --digits;
  if (text.size() % 4 != 0) fail();
  for (size_t i = 0; i < digits; ++i) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t digit = kDigits.find(text[i]);
    if (digit == kDigits.npos) fail();
    bits = bits << 6 | static_cast<uint32_t>(digit);
    const size_t left = 6 * (i + 1) % 8;  // bits that are no whole byte yet
    if (left != 6) bytes.push_back(static_cast<char>(bits >> left));
  }
  return bytes;
}

bool IsOneOf(const JsonObject& object, const char* key, std::initializer_list<const char*> values) {
  const std::string text = TextOf(object, key);
  for (const char* const value : values) {
    if (text == value) return true;
  }
  return false;
}

// {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}; a line feed is a space to us anyway.
void ReadReplace(const JsonValue& value, const JsonObject& object, TextRules* rules) {
  const JsonObject pattern = object.At("pattern").Object(Name("pattern"));
  for (const char* const kind : {"Regex", "String"}) {
    if (pattern.Find(kind) == nullptr) continue;
    const std::string text = TextOf(pattern, kind);
    if (text == " {2,}" && std::string_view(kind) == "Regex" && IsOneOf(object, "content", {" ", "\u2581"})) {
      rules->joins_spaces = true;
      return;
    }
    if (text == "\n" && IsOneOf(object, "content", {" "})) return;
  }
  value.Fail("a normalizer that replaces other than several spaces by one is not known here");
}

void ReadNormalizer(const JsonValue& value, TextRules* rules) {
  if (value.kind() == JsonKind::kNull) return;
  const JsonObject object = value.Object("a normalizer");
  const std::string type = TextOf(object, "type");
  if (type == "Sequence") {
    for (const JsonValue& one : object.At("normalizers").Array(Name("normalizers"))) ReadNormalizer(one, rules);
    return;
  }
  if (type == "Precompiled" && rules->charsmap.empty() && !rules->has_others) {
    const JsonValue charsmap = object.At("precompiled_charsmap");
    if (charsmap.kind() != JsonKind::kNull) rules->charsmap = FromBase64(charsmap, Name("precompiled_charsmap"));
    return;
  }
  rules->has_others = true;
  if (type == "Replace") {
    ReadReplace(value, object, rules);
  } else if (type != "Strip") {  // what is at the ends vanishes anyway
    value.Fail(fmt::format("a normalizer of type {} at this place is not known here", type));
  }
}

void ReadMetaspace(const JsonValue& value, const JsonObject& object, TextRules* rules) {
  if (TextOf(object, "replacement") != kSpaceMark) value.Fail("its replacement is another than U+2581, a space's mark");
  const bool puts_space =
      object.Find("prepend_scheme") != nullptr
          ? IsOneOf(object, "prepend_scheme", {"always", "first"})
          : object.Find("add_prefix_space") == nullptr || object.At("add_prefix_space").Bool(Name("add_prefix_space"));
  if (!puts_space) value.Fail("a text gets no space in front, which is not known here");
  rules->has_metaspace = true;
}

void ReadPreTokenizer(const JsonValue& value, TextRules* rules) {
  const JsonObject object = value.Object("pre_tokenizer");
  const std::string type = TextOf(object, "type");
  if (type == "Sequence") {
    for (const JsonValue& one : object.At("pretokenizers").Array(Name("pretokenizers"))) ReadPreTokenizer(one, rules);
  } else if (type == "WhitespaceSplit" && !rules->has_metaspace) {
    rules->joins_spaces = true;
  } else if (type == "Metaspace" && !rules->has_metaspace) {
    ReadMetaspace(value, object, rules);
  } else {
    value.Fail(fmt::format("a pre_tokenizer of type {} at this place is not known here", type));
  }
}

TextRules ReadRules(const JsonObject& json) {
  TextRules rules;
  if (const JsonValue* const normalizer = json.Find("normalizer")) ReadNormalizer(*normalizer, &rules);
  const JsonValue pre_tokenizer = json.At("pre_tokenizer");
  ReadPreTokenizer(pre_tokenizer, &rules);
  if (!rules.has_metaspace) pre_tokenizer.Fail("it puts no mark in the place of a space, expected Metaspace");
  if (!rules.joins_spaces) pre_tokenizer.Fail("it keeps several spaces apart, which is not known here");
  return rules;
}

// Ids of special tokens, which no text becomes.
std::set<int64_t> ReadSpecialTokens(const JsonObject& json) {
  std::set<int64_t> ids;
  const JsonValue* const added = json.Find("added_tokens");
  if (added == nullptr) return ids;
  for (const JsonValue& token : added->Array(Name("added_tokens"))) {
    const JsonObject fields = token.Object("a token");
    if (!fields.At("special").Bool(Name("special"))) {
      token.Fail(fmt::format("\"{}\" is an added token that text becomes, which is not known here",
                             TextOf(fields, "content")));
    }
    ids.insert(fields.At("id").Integer("a token's id", 0, kMaxVocabularyPieces - 1));
  }
  return ids;
}

bool IsByte(std::string_view piece) { return piece.size() == 6 && piece.starts_with("<0x") && piece.ends_with('>'); }

bool HasInnerSpace(std::string_view piece) {
  while (piece.starts_with(kSpaceMark)) piece.remove_prefix(kSpaceMark.size());
  return piece.find(kSpaceMark) != piece.npos;
}

}  // namespace

UnigramVocabulary ReadUnigramJson(std::string json, const std::string& path) {
  const JsonDocument document(std::move(json), {path, "take the SentencePiece model that it was made of"});
  const JsonObject root = document.root().Object("this");
  const JsonValue model_value = root.At("model");
  const JsonObject model = model_value.Object(Name("model"));
  if (TextOf(model, "type") != "Unigram") {
    model.At("type").FailExpecting("the type of its model", "Unigram, as of a SentencePiece model");
  }
  const TextRules rules = ReadRules(root);
  const std::set<int64_t> special = ReadSpecialTokens(root);
  const bool byte_fallback = model.Find("byte_fallback") != nullptr && model.At("byte_fallback").Bool("byte_fallback");
  const int64_t unk_id = model.At("unk_id").Integer(Name("unk_id"), 0, kMaxVocabularyPieces - 1);
  UnigramVocabulary vocabulary;
  int64_t id = -1;
  for (const JsonValue& entry : model.At("vocab").Array(Name("vocab"))) {
    const std::vector<JsonValue> pair = entry.Array("a piece");
    if (pair.size() != 2) entry.FailExpecting("a piece", "its text and its score");
    const std::string piece = pair[0].String("a piece's text");
    auto type = ProtoPieceType::kNormal;
    if (++id == unk_id) {
      type = ProtoPieceType::kUnknown;
    } else if (special.contains(id)) {
      if (piece != "<s>" && piece != "</s>") continue;
      type = ProtoPieceType::kControl;
    } else if (byte_fallback && IsByte(piece)) {
      type = ProtoPieceType::kByte;
    } else if (HasInnerSpace(piece)) {
      entry.Fail(
          fmt::format("the piece \"{}\" goes across a space, which this tokenizer never makes but SentencePiece "
                      "would",
                      piece));
    }
    AppendPiece(piece, static_cast<float>(pair[1].Number("a piece's score")), type, &vocabulary.model);
    vocabulary.ids.push_back(static_cast<int32_t>(id));
  }
  AppendUnigramSettings(rules.charsmap, byte_fallback, &vocabulary.model);
  return vocabulary;
}

}  // namespace dragoman
