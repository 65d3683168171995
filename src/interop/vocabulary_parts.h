// SPDX-License-Identifier: Apache-2.0
// What vocabularies of other programs are put together from.
#ifndef DRAGOMAN_INTEROP_VOCABULARY_PARTS_H_
#define DRAGOMAN_INTEROP_VOCABULARY_PARTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "format/model_directory.h"

namespace dragoman {

// Pieces or tokens and their ids.
using TokenIds = std::map<std::string, int32_t>;

// Of a JSON object {"piece": id, ...}. Throws FileError, FormatError.
TokenIds ReadTokenIds(FileSystem& files, const std::string& path);

// What a row of a vocabulary is called that means nothing, where all want a name.
std::string RowName(int32_t id);

// The language's code in a token that tells Marian's models which to translate to: "fra" of ">>fra<<"; "" of others.
std::string CodeOfTag(const std::string& token);

// The file of a vocabulary, opened.
std::shared_ptr<const Segmenter> OpenSegmenter(FileSystem& files, const std::string& path);

// The ids of a segmenter's pieces by their texts; -1 for those that `tokens` does not have.
std::vector<int32_t> IdsOfPieces(const Segmenter& segmenter, const TokenIds& tokens);

// A SentencePiece model's bytes with further pieces, which can be said but are in no text's segmentation.
std::string WithUnusedPieces(std::string model, std::span<const std::string> pieces);

// Makes ends meet: the settings of a model with so many rows get the padding rows that are missing.
void PadTo(int32_t rows, const Segmenter& segmenter, TokenizerSettings* settings);

// For a model that came without a tokenizer: the pieces are the ids themselves as decimal numbers, so that text is what
// other programs print of their token ids. `</s>` and `<unk>` go by their names.
std::shared_ptr<const Segmenter> NumberSegmenter(int32_t rows, int32_t eos, int32_t unk);
inline int32_t NumberedUnk(int32_t eos) { return eos == 3 ? 1 : 3; }  // <unk>'s row in one, as no file says it

// The pair of two sides; one vocabulary where both are one segmenter.
VocabularyPair PairOf(std::shared_ptr<const Segmenter> src, std::shared_ptr<const Segmenter> tgt,
                      const TokenizerSettingsPair& settings, const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_VOCABULARY_PARTS_H_
