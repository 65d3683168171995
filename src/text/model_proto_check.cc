// SPDX-License-Identifier: Apache-2.0
#include "text/model_proto_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_set>

#include "base/error.h"
#include "base/utf8.h"
#include "text/charsmap_check.h"

namespace dragoman {
namespace {

constexpr size_t kMaxSymbolNesting = 64 - 1;  // one place kept free

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
enum PieceType : uint64_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

constexpr size_t kMaxRulesName = 100;
constexpr const char* kModelTypes[] = {"unigram", "bpe", "word", "char"};

// Field numbers of sentencepiece_model.proto.
enum ModelField : uint32_t { kPieces = 1, kTrainerSpec = 2, kNormalizerSpec = 3, kSelfTest = 4, kDenormalizerSpec = 5 };

class Walker {
 public:
  Walker(std::string_view bytes, const std::string& path) : all_(bytes), path_(path) {}

  ModelProtoSummary Check();

 private:
  // One field of a message: its number, type and contents, and the bytes it occupies with its tag.
  struct Field {
    uint32_t number = 0;
    uint32_t type = 0;
    uint64_t varint = 0;        // kVarint
    std::string_view contents;  // the others
    std::string_view whole;
  };

  [[noreturn]] void Fail(const std::string& found) const {
    throw FormatError(path_, "damaged vocabulary: " + found +
                                 "; expected a SentencePiece model; make it again with `dragoman vocab`, or copy it "
                                 "again from where it came from");
  }
  Field NextField(std::string_view* message) const;
  uint64_t ReadVarint(std::string_view* message) const;
  void Expect(const Field& field, WireType type, const char* name) const;
  void CheckText(std::string_view text, const std::string& name) const;
  bool CheckPiece(std::string_view piece);  // whether it is outside of merges
  void Note(std::string_view piece, uint64_t type);
  void CheckTrainerSpec(std::string_view spec);
  bool CheckNormalizerSpec(std::string_view spec, const char* name) const;  // whether it has rules
  void NoteNormalizerSpec(std::string_view spec);
  void CheckSpecialIds() const;

  std::string_view all_;
  const std::string& path_;
  ModelProtoSummary summary_;
  size_t longest_ = 0;  // characters
  std::unordered_set<std::string_view> seen_;
  std::vector<std::string_view> user_defined_;
  std::vector<std::pair<const char*, int64_t>> special_ids_;
};

uint64_t Walker::ReadVarint(std::string_view* message) const {
  uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (message->empty()) Fail("it ends inside a number");
    const auto byte = static_cast<unsigned char>(message->front());
    message->remove_prefix(1);
    if (shift == 63 && byte > 1) break;
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  Fail("a number longer than 64 bits");
}

Walker::Field Walker::NextField(std::string_view* message) const {
  const char* begin = message->data();
  Field field;
  const uint64_t tag = ReadVarint(message);
  if (tag > UINT32_MAX || tag >> 3 == 0) Fail("a field number out of range");
  field.number = static_cast<uint32_t>(tag >> 3);
  field.type = static_cast<uint32_t>(tag & 7);
  uint64_t length = 0;
  switch (field.type) {
    case kVarint:
      field.varint = ReadVarint(message);
      break;
    case kFixed64:
      length = 8;
      break;
    case kBytes:
      length = ReadVarint(message);
      break;
    case kFixed32:
      length = 4;
      break;
    default:
      Fail("a field of type " + std::to_string(field.type));
  }
  if (length > message->size()) {
    Fail("a field of " + std::to_string(length) + " bytes where " + std::to_string(message->size()) + " are left");
  }
  field.contents = message->substr(0, length);
  message->remove_prefix(length);
  field.whole = std::string_view(begin, static_cast<size_t>(message->data() - begin));
  return field;
}

void Walker::Expect(const Field& field, WireType type, const char* name) const {
  if (field.type != type) Fail(std::string("field ") + name + " of wire type " + std::to_string(field.type));
}

void Walker::CheckText(std::string_view text, const std::string& name) const {
  if (!IsValidUtf8(text)) Fail(name + " is not UTF-8");
  if (text.find('\0') != std::string_view::npos) Fail(name + " holds a NUL byte");
}

bool Walker::CheckPiece(std::string_view message) {
  const std::string name = "piece " + std::to_string(summary_.pieces);
  std::string_view piece;
  uint64_t type = kNormal;
  float score = 0;
  while (!message.empty()) {
    const Field field = NextField(&message);
    if (field.number == 1) {
      Expect(field, kBytes, "piece");
      piece = field.contents;
    } else if (field.number == 2) {
      Expect(field, kFixed32, "score");
      std::memcpy(&score, field.contents.data(), sizeof(score));
      if (!std::isfinite(score)) Fail("the score of " + name + " is not finite");
    } else if (field.number == 3) {
      Expect(field, kVarint, "type");
      type = field.varint;
    }
  }
  if (piece.empty()) Fail(name + " is empty");
  if (piece.size() > kMaxPieceBytes) Fail(name + " has " + std::to_string(piece.size()) + " bytes");
  CheckText(piece, name);
  if (!seen_.insert(piece).second) Fail(name + " occurs twice");
  if (type < kNormal || type > kByte) Fail(name + " has the unknown type " + std::to_string(type));
  if (type == kUserDefined) user_defined_.push_back(piece);
  if (type == kUnknown) {
    if (summary_.unk_id >= 0) Fail("a second <unk>, " + name);
    summary_.unk_id = summary_.pieces;
  }
  Note(piece, type);
  summary_.ordinary.push_back(type == kNormal);
  if (++summary_.pieces > kMaxVocabularyPieces) Fail("more than 2,097,152 pieces");
  return type == kUnused && score == kOutsideOfMerges;
}

void Walker::Note(std::string_view piece, uint64_t type) {
  VocabularyTraits& traits = summary_.traits;
  traits.user_defined += type == kUserDefined;
  traits.unused += type == kUnused;
  traits.bytes += type == kByte;
  const auto length = static_cast<size_t>(std::ranges::count_if(piece, [](char c) { return !IsUtf8Continuation(c); }));
  if (type != kNormal || length <= longest_) return;
  longest_ = length;
  traits.longest = summary_.pieces;
}

void Walker::CheckTrainerSpec(std::string_view spec) {
  while (!spec.empty()) {
    const Field field = NextField(&spec);
    switch (field.number) {
      case 3:
        Expect(field, kVarint, "model_type");
        if (field.varint < 1 || field.varint > 4) Fail("the unknown model type " + std::to_string(field.varint));
        summary_.traits.type = kModelTypes[field.varint - 1];
        break;
      case 40:
      case 41:
      case 42:
      case 43: {
        static constexpr const char* kNames[] = {"unk_id", "bos_id", "eos_id", "pad_id"};
        const char* name = kNames[field.number - 40];
        Expect(field, kVarint, name);
        special_ids_.emplace_back(name, static_cast<int64_t>(field.varint));
        break;
      }
      case 24:
        Expect(field, kVarint, "treat_whitespace_as_suffix");
        break;
      case 35:
        Expect(field, kVarint, "byte_fallback");
        summary_.traits.byte_fallback = field.varint != 0;
        break;
      case 44:
      case 45:
      case 46:
      case 47:
      case 48:
        Expect(field, kBytes, "the name of a special piece");
        if (field.contents.size() > kMaxPieceBytes) Fail("the name of a special piece is too long");
        CheckText(field.contents, "the name of a special piece");
        break;
      default:
        break;  // how the model was trained, and extensions: nothing that loading looks at
    }
  }
}

bool Walker::CheckNormalizerSpec(std::string_view spec, const char* name) const {
  bool has_rules = false;
  while (!spec.empty()) {
    const Field field = NextField(&spec);
    if (field.number == 2) {
      Expect(field, kBytes, "precompiled_charsmap");
      const std::string fault = FindCharsmapFault(field.contents);
      if (!fault.empty()) Fail("the rules of " + std::string(name) + " have " + fault);
      has_rules = !field.contents.empty();
    } else if (field.number >= 3 && field.number <= 5) {
      Expect(field, kVarint, "of the normaliser");
    }
  }
  return has_rules;
}

// Of the text's normaliser, whose fields have been checked.
void Walker::NoteNormalizerSpec(std::string_view spec) {
  VocabularyTraits& traits = summary_.traits;
  std::string name;
  while (!spec.empty()) {
    const Field field = NextField(&spec);
    const bool is_name = field.number == 1 && field.type == kBytes;
    if (is_name && field.contents.size() <= kMaxRulesName && IsValidUtf8(field.contents)) name = field.contents;
    if (field.number == 3) traits.adds_space_in_front = field.varint != 0;
    if (field.number == 4) traits.removes_extra_spaces = field.varint != 0;
  }
  if (summary_.normalizes) traits.normalization = name.empty() || name == "identity" ? "custom" : name;
}

void Walker::CheckSpecialIds() const {
  for (const auto& [name, id] : special_ids_) {
    if (id < -1 || id >= summary_.pieces) {
      Fail(std::string(name) + " is " + std::to_string(id) + " of " + std::to_string(summary_.pieces) + " pieces");
    }
  }
}

ModelProtoSummary Walker::Check() {
  if (all_.empty()) Fail("it is empty");
  if (LooksLikeText(all_)) {
    throw FormatError(path_,
                      "is text, not a vocabulary; expected a SentencePiece model, a tokenizer.json or a list of words; "
                      "give the one that `dragoman vocab` makes of such text, or that came with the model");
  }
  summary_.loadable.reserve(all_.size());
  int specs[kDenormalizerSpec + 1] = {};
  bool ends_outside = false, is_mixed = false;  // pieces outside of merges at the end; others after them
  std::string_view rest = all_;
  while (!rest.empty()) {
    const Field field = NextField(&rest);
    if (field.number == kSelfTest) continue;
    summary_.loadable.append(field.whole);
    if (field.number != kPieces) summary_.encodable.append(field.whole);
    if (field.number > kDenormalizerSpec) continue;
    Expect(field, kBytes, "of the model");
    // A message that occurs twice would be merged, which no writer does and no check here foresees.
    if (field.number != kPieces && ++specs[field.number] > 1) Fail("a second specification");
    if (field.number == kPieces) {
      const bool is_outside = CheckPiece(field.contents);
      ends_outside |= is_outside;
      is_mixed |= ends_outside && !is_outside;
      if (!is_outside) summary_.encodable.append(field.whole);
    }
    if (field.number == kTrainerSpec) CheckTrainerSpec(field.contents);
    if (field.number == kNormalizerSpec) {
      summary_.normalizes = CheckNormalizerSpec(field.contents, "the normaliser");
      NoteNormalizerSpec(field.contents);
    }
    if (field.number == kDenormalizerSpec) CheckNormalizerSpec(field.contents, "the denormaliser");
  }
  if (!ends_outside || is_mixed || summary_.traits.type != "bpe") summary_.encodable.clear();
  if (summary_.pieces == 0) Fail("it holds no pieces");
  if (summary_.unk_id < 0) Fail("no piece of its " + std::to_string(summary_.pieces) + " is <unk>");
  CheckSpecialIds();
  if (PrefixesNestDeeperThan(user_defined_, kMaxSymbolNesting)) {
    Fail("more than 63 user-defined symbols that begin alike");
  }
  return std::move(summary_);
}

}  // namespace

ModelProtoSummary CheckModelProto(std::string_view bytes, const std::string& path) {
  return Walker(bytes, path).Check();
}

bool PrefixesNestDeeperThan(std::vector<std::string_view> symbols, size_t limit) {
  std::sort(symbols.begin(), symbols.end());
  std::vector<std::string_view> chain;  // each a prefix of the next
  for (const std::string_view symbol : symbols) {
    while (!chain.empty() && symbol.substr(0, chain.back().size()) != chain.back()) chain.pop_back();
    chain.push_back(symbol);
    if (chain.size() > limit) return true;
  }
  return false;
}

}  // namespace dragoman
