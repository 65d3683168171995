// SPDX-License-Identifier: Apache-2.0
// The vocabulary that the targets' models, corpora and shortlists are of.
#ifndef DRAGOMAN_TESTS_FUZZ_SMALL_VOCABULARY_H_
#define DRAGOMAN_TESTS_FUZZ_SMALL_VOCABULARY_H_

#include <memory>
#include <string>
#include <vector>

#include "format/model_directory.h"
#include "text/word_segmenter.h"

namespace dragoman {

inline std::string SmallWordList() {
  return WordListOf(std::vector<std::string>{"<unk>", "<s>", "</s>", "a", "b", "c", "<de>"});
}

inline const VocabularyPair& SmallVocabulary() {
  static const auto vocab = std::make_shared<const Tokenizer>(Tokenizer::FromBytes(SmallWordList(), "small"));
  static const VocabularyPair pair{vocab, vocab};
  return pair;
}

}  // namespace dragoman

#endif  // DRAGOMAN_TESTS_FUZZ_SMALL_VOCABULARY_H_
