// SPDX-License-Identifier: Apache-2.0
#include "text/segmenter.h"

#include "base/error.h"
#include "base/utf8.h"
#include "text/byte_bpe_segmenter.h"
#include "text/sentencepiece_segmenter.h"
#include "text/word_segmenter.h"

namespace dragoman {

VocabularyKind KindOfVocabulary(std::string_view head) {
  if (head.starts_with('{')) return VocabularyKind::kByteBpe;
  return head.starts_with(kWordListMark) ? VocabularyKind::kWords : VocabularyKind::kSentencePiece;
}

std::unique_ptr<const Segmenter> MakeSegmenter(std::string bytes, const std::string& path) {
  switch (KindOfVocabulary(bytes)) {
    case VocabularyKind::kByteBpe:
      return MakeByteBpeSegmenter(std::move(bytes), path);
    case VocabularyKind::kWords:
      return MakeWordSegmenter(std::move(bytes), path);
    case VocabularyKind::kSentencePiece:
      break;
  }
  return MakeSentencePieceSegmenter(std::move(bytes), path);
}

void RequireSoundText(std::string_view text) {
  const size_t nul = text.find('\0');
  const size_t bad = nul == std::string_view::npos ? FindInvalidUtf8(text) : nul;
  if (bad == std::string_view::npos) return;
  throw FormatError("text", "byte " + std::to_string(bad + 1) +
                                (nul == std::string_view::npos ? " is not valid UTF-8" : " is NUL") +
                                "; expected UTF-8 text; convert it first");
}

int64_t CharactersIn(std::string_view piece) {
  constexpr char32_t kSpaceMark = 0x2581;
  int64_t count = 0;
  for (size_t i = 0; i < piece.size(); i += Utf8Length(piece[i])) count += CodePointAt(piece, i) != kSpaceMark;
  return count;
}

}  // namespace dragoman
