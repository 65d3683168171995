// SPDX-License-Identifier: Apache-2.0
// For tests only: what tests/interop/record_byte_bpe.py has recorded, and a vocabulary small enough to be written here.
#ifndef DRAGOMAN_TEXT_BYTE_BPE_TESTING_H_
#define DRAGOMAN_TEXT_BYTE_BPE_TESTING_H_

#include <fstream>
#include <iterator>
#include <string>

namespace dragoman {

inline constexpr char kRecordedByteBpe[] = "tests/interop/recorded/byte_bpe/";

// tokenizer.json, vocab.json, merges.txt, cases.json.
inline std::string RecordedByteBpe(const std::string& name) {  // tests run in the repository's root
  std::ifstream file(kRecordedByteBpe + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A tokenizer.json of ten pieces: text of the letters a, b, c and spaces, all else <unk>.
inline std::string TinyByteBpe() {
  return R"({"version": "1.0", "truncation": null, "padding": null,
"added_tokens": [
  {"id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
  {"id": 1, "content": "</s>", "special": true},
  {"id": 2, "content": "<unk>", "special": true}],
"normalizer": null,
"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
"post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0]},
"decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
"model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "", "end_of_word_suffix": "",
  "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
  "vocab": {"<s>": 0, "</s>": 1, "<unk>": 2, "a": 3, "b": 4, "c": 5, "Ġ": 6, "ab": 7, "abc": 8, "Ġab": 9},
  "merges": [["a", "b"], "ab c", ["Ġ", "ab"]]}}
)";
}

// `text` with the first `from` replaced.
inline std::string Changed(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  return at == std::string::npos ? "nothing to change" : text.replace(at, from.size(), to);
}

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_BYTE_BPE_TESTING_H_
