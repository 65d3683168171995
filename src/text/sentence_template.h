// SPDX-License-Identifier: Apache-2.0
// SentenceTemplate: the tokens that a model wants before and after a sentence's own.
#ifndef DRAGOMAN_TEXT_SENTENCE_TEMPLATE_H_
#define DRAGOMAN_TEXT_SENTENCE_TEMPLATE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dragoman {

// Ids of the model. Of a target, search says the prefix first, whatever the model thinks (a token of the language that
// is wanted, say), and ends a sentence at the suffix, which is </s> alone.
struct SentenceTemplate {
  std::vector<int32_t> prefix;
  std::vector<int32_t> suffix;

  size_t size() const { return prefix.size() + suffix.size(); }  // tokens that it adds

  // A sentence in pieces: OpenTo, the sentence's own tokens, CloseTo.
  void OpenTo(std::vector<int32_t>* tokens) const { tokens->insert(tokens->end(), prefix.begin(), prefix.end()); }
  void CloseTo(std::vector<int32_t>* tokens) const { tokens->insert(tokens->end(), suffix.begin(), suffix.end()); }
  // Around a sentence's own tokens.
  void Wrap(std::vector<int32_t>* tokens) const {
    tokens->insert(tokens->begin(), prefix.begin(), prefix.end());
    CloseTo(tokens);
  }
};

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_SENTENCE_TEMPLATE_H_
