// SPDX-License-Identifier: Apache-2.0
// Writes SentencePiece models, or what is added to one: sentencepiece_model.proto, as protocol buffers lay it out.
#ifndef DRAGOMAN_INTEROP_MODEL_PROTO_WRITER_H_
#define DRAGOMAN_INTEROP_MODEL_PROTO_WRITER_H_

#include <string>
#include <string_view>

namespace dragoman {

enum class ProtoPieceType { kNormal = 1, kUnknown = 2, kControl = 3, kUnused = 5, kByte = 6 };

// Appends a piece. Pieces are numbered as they come, whatever stands between them.
void AppendPiece(std::string_view piece, float score, ProtoPieceType type, std::string* model);

// Appends how a Unigram model cuts and normalises: with a space in front, spaces at the ends dropped, and one for
// several in between. charsmap: its rules, as SentencePiece compiles them, or "". byte_fallback: what has no piece is
// bytes.
void AppendUnigramSettings(std::string_view charsmap, bool byte_fallback, std::string* model);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_MODEL_PROTO_WRITER_H_
