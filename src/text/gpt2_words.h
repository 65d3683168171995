// SPDX-License-Identifier: Apache-2.0
// Cuts text into the words that a byte-level BPE never joins: GPT-2's pattern (Radford 2019, §2.2; its encoder.py),
//
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// by hand. Letters and numbers are those of Unicode 16, which Hugging Face's tokenizers 0.23 has, whatever ICU is
// linked; white space is Unicode's White_Space.
#ifndef DRAGOMAN_TEXT_GPT2_WORDS_H_
#define DRAGOMAN_TEXT_GPT2_WORDS_H_

#include <cstddef>
#include <string_view>

namespace dragoman {

// Where the word ends that begins at text[begin], in valid UTF-8. begin: less than text.size(), and where a word
// begins.
size_t WordEnd(std::string_view text, size_t begin);

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_GPT2_WORDS_H_
