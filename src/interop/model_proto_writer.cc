// SPDX-License-Identifier: Apache-2.0
#include "interop/model_proto_writer.h"

#include <cstdint>
#include <cstring>

namespace dragoman {
namespace {

// https://protobuf.dev/programming-guides/encoding/
enum WireType : uint64_t { kVarint = 0, kBytes = 2, kFixed32 = 5 };
enum ModelField : int { kPieces = 1, kTrainerSpec = 2, kNormalizerSpec = 3 };

void AppendVarint(uint64_t value, std::string* bytes) {
  for (; value >= 0x80; value >>= 7) bytes->push_back(static_cast<char>(value | 0x80));
  bytes->push_back(static_cast<char>(value));
}

void AppendTag(int field, WireType type, std::string* bytes) {
  AppendVarint(static_cast<uint64_t>(field) << 3 | type, bytes);
}

void AppendNumber(int field, uint64_t value, std::string* bytes) {
  AppendTag(field, kVarint, bytes);
  AppendVarint(value, bytes);
}

void AppendBytes(int field, std::string_view content, std::string* bytes) {
  AppendTag(field, kBytes, bytes);
  AppendVarint(content.size(), bytes);
  bytes->append(content);
}

void AppendFloat(int field, float value, std::string* bytes) {
  AppendTag(field, kFixed32, bytes);
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  bytes->append(raw, sizeof value);
}

}  // namespace

void AppendPiece(std::string_view piece, float score, ProtoPieceType type, std::string* model) {
  std::string content;
  AppendBytes(/*piece*/ 1, piece, &content);
  AppendFloat(/*score*/ 2, score, &content);
  AppendNumber(/*type*/ 3, static_cast<uint64_t>(type), &content);
  AppendBytes(kPieces, content, model);
}

void AppendUnigramSettings(std::string_view charsmap, bool byte_fallback, std::string* model) {
  std::string trainer, normalizer;
  AppendNumber(/*model_type*/ 3, /*UNIGRAM*/ 1, &trainer);
  AppendNumber(/*byte_fallback*/ 35, byte_fallback ? 1 : 0, &trainer);
  AppendBytes(kTrainerSpec, trainer, model);
  AppendBytes(/*precompiled_charsmap*/ 2, charsmap, &normalizer);
  AppendNumber(/*add_dummy_prefix*/ 3, 1, &normalizer);
  AppendNumber(/*remove_extra_whitespaces*/ 4, 1, &normalizer);
  AppendNumber(/*escape_whitespaces*/ 5, 1, &normalizer);
  AppendBytes(kNormalizerSpec, normalizer, model);
}

}  // namespace dragoman
