// SPDX-License-Identifier: Apache-2.0
// The segmenter of a byte-level BPE (Radford 2019, §2.2), as GPT-2, RoBERTa and BART have it.
#ifndef DRAGOMAN_TEXT_BYTE_BPE_SEGMENTER_H_
#define DRAGOMAN_TEXT_BYTE_BPE_SEGMENTER_H_

#include <memory>
#include <string>

#include "text/segmenter.h"

namespace dragoman {

// From the bytes of a tokenizer.json as Hugging Face's tokenizers write it; `path` names it in messages. Throws
// FormatError for what is none, or is not done here (text/byte_bpe_check.h).
//
// Pieces are theirs to the letter: no normalisation, white space of every kind is text, a text that does not begin with
// a space gets one where add_prefix_space says so. Differs:
//   Text never becomes a special token: "</s>" is four pieces or so. (There it is the token, unless
//     encode_special_tokens is set.) What the file's post_processor puts around a sentence is in no file but
//     tokenizer_settings.json; its truncation and padding mean nothing here.
//   A blank text has no pieces, and a NUL is refused, as everywhere here.
//   Byte that has no piece: <unk>, also where the file names no unk_token. (There it then vanishes.)
//
// Decode is the inverse: bytes that are not UTF-8 become U+FFFD, special tokens leave no trace but <unk>, which is
// U+2047 between spaces as of a SentencePiece model. With add_prefix_space one space in front is dropped: the text may
// have had none. (There it stays.) Without, a space in front is the text's own, and stays.
//
// Piece is the piece's text (text/byte_symbols.h, PrintedBytes), not the file's symbols, which hide all but ASCII:
// "für" is "für", not "fÃ¼r"; " the" begins with U+2581 as that of a SentencePiece model; a part of a character is
// <0xE2>.
std::unique_ptr<const Segmenter> MakeByteBpeSegmenter(std::string bytes, const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_BYTE_BPE_SEGMENTER_H_
