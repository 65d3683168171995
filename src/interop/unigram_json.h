// SPDX-License-Identifier: Apache-2.0
// The tokenizer.json of a Unigram vocabulary, as transformers' fast tokenizers save what was a SentencePiece model,
// made one again. Facts from tokenizers 0.23 and transformers 4.57 and 5.24.
#ifndef DRAGOMAN_INTEROP_UNIGRAM_JSON_H_
#define DRAGOMAN_INTEROP_UNIGRAM_JSON_H_

#include <cstdint>
#include <string>
#include <vector>

namespace dragoman {

struct UnigramVocabulary {
  std::string model;         // the bytes of a SentencePiece model: ordinary pieces, <unk>, <s>, </s>
  std::vector<int32_t> ids;  // of its pieces; those of other special tokens are none
};

// `path` names the text in messages. Throws FormatError for a tokenizer that SentencePiece does not compute, naming
// what it is that it has: another model, normaliser or pre-tokenizer, pieces across spaces, tokens that text becomes.
UnigramVocabulary ReadUnigramJson(std::string json, const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_UNIGRAM_JSON_H_
