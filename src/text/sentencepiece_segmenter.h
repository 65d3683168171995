// SPDX-License-Identifier: Apache-2.0
// The segmenter of a SentencePiece model (.model, .spm).
#ifndef DRAGOMAN_TEXT_SENTENCEPIECE_SEGMENTER_H_
#define DRAGOMAN_TEXT_SENTENCEPIECE_SEGMENTER_H_

#include <memory>
#include <string>

#include "text/segmenter.h"

namespace dragoman {

// From a model's bytes; `path` names it in messages. Besides what the model's own normalisation does (by default none
// but that runs of spaces become one and those at the ends vanish), ASCII white space (tab, line feed, carriage return,
// ...) and SentencePiece's own mark for a space, U+2581, count as a space. A run of unknown characters is one <unk>; of
// a run of more than a kilobyte the beginning counts. Throws FormatError when the bytes are not a SentencePiece model
// that can be used safely (they are not trusted: see text/model_proto_check.h), or have no </s> to end a sentence with.
std::unique_ptr<const Segmenter> MakeSentencePieceSegmenter(std::string bytes, const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_SENTENCEPIECE_SEGMENTER_H_
