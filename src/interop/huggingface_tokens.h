// SPDX-License-Identifier: Apache-2.0
// How the tokenizers of transformers' families number pieces and what they put around a sentence, given what their
// files hold: what an import makes of these, and what an export compares with.
#ifndef DRAGOMAN_INTEROP_HUGGINGFACE_TOKENS_H_
#define DRAGOMAN_INTEROP_HUGGINGFACE_TOKENS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "interop/vocabulary_parts.h"
#include "text/segmenter.h"
#include "text/tokenizer_settings.h"

namespace dragoman {

inline constexpr char kPadToken[] = "<pad>";

// Their files.
inline constexpr char kSpieceFile[] = "spiece.model", kBpeFile[] = "sentencepiece.bpe.model";
inline constexpr char kSourceSpmFile[] = "source.spm", kTargetSpmFile[] = "target.spm";
inline constexpr char kVocabJsonFile[] = "vocab.json", kTargetVocabJsonFile[] = "target_vocab.json";
inline constexpr char kTokenizerJsonFile[] = "tokenizer.json", kAddedTokensFile[] = "added_tokens.json";
inline constexpr char kTokenizerConfigFile[] = "tokenizer_config.json",
                      kSpecialTokensFile[] = "special_tokens_map.json";

// What is left of `tokens` without those that are pieces, or have no place in a vocabulary of ours.
TokenIds WithoutPieces(const TokenIds& tokens, const Segmenter& segmenter, const std::vector<int32_t>& ids);

// MarianMT: ids by the pieces' names, >>xx<< before a source where there are such tokens.
TokenizerSettingsPair MarianTokens(const Segmenter& src, const Segmenter& tgt, const TokenIds& src_tokens,
                                   const TokenIds& tgt_tokens);

// Where the tokens of languages stand.
enum class LanguagePlaces {
  kBefore,       // first in source and target: M2M100, NLLB, mBART-50
  kBehind,       // after a source's </s>, first in the target: NLLB before 2023
  kBehindAlone,  // after a source's </s>; the target's starts the decoder: mBART
};

// fairseq's numbers, which mBART and NLLB keep: <s> <pad> </s> <unk>, then SentencePiece's pieces from its fourth on.
std::vector<int32_t> FairseqIds(const Segmenter& segmenter);

// M2M100, NLLB, mBART, of these ids and added tokens, languages among them.
TokenizerSettingsPair MultilingualTokens(const Segmenter& segmenter, std::vector<int32_t> ids, const TokenIds& added,
                                         int32_t eos, LanguagePlaces places);

bool IsM2m100Language(const std::string& token);  // "__fr__"

// T5: ids are SentencePiece's; 100 sentinels follow, the first last. MADLAD-400 has tags such as <2de> among its
// pieces. Of a tokenizer.json ids and added tokens are given.
TokenizerSettingsPair T5Tokens(const Segmenter& segmenter, std::vector<int32_t> ids = {}, const TokenIds& added = {});

// PEGASUS: <pad> </s>, then 103 tokens of its pretraining, then SentencePiece's pieces from <unk> on. Of a
// tokenizer.json ids are given.
TokenizerSettingsPair PegasusTokens(const Segmenter& segmenter, const TokenIds& added, std::vector<int32_t> ids = {});

// BART: <s> and </s> stand around a source.
TokenizerSettingsPair BartTokens(int32_t bos);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_HUGGINGFACE_TOKENS_H_
