// SPDX-License-Identifier: Apache-2.0
// A byte-level BPE of two files, vocab.json and merges.txt, as one: for importers of older models.
#ifndef DRAGOMAN_TEXT_BYTE_BPE_PAIR_H_
#define DRAGOMAN_TEXT_BYTE_BPE_PAIR_H_

#include <string>
#include <vector>

namespace dragoman {

struct ByteBpePairOptions {
  bool add_prefix_space = false;
  // Of these, the pieces that vocab.json has are special tokens, which no text becomes.
  std::vector<std::string> special = {"<s>", "<pad>", "</s>", "<unk>", "<mask>"};
  std::string vocab_path = "vocab.json", merges_path = "merges.txt";  // for messages
};

// Returns the bytes of a tokenizer.json for MakeByteBpeSegmenter, which also checks what merges join; transformers
// opens it, too. Throws FormatError naming the file and line when vocab_json is no object of names and ids, or a line
// of merges_txt (but lines that begin "#version" and empty ones) is not two pieces with a space between.
std::string ByteBpeFromVocabAndMerges(const std::string& vocab_json, const std::string& merges_txt,
                                      const ByteBpePairOptions& options = {});

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_BYTE_BPE_PAIR_H_
