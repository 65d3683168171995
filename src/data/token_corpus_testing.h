// SPDX-License-Identifier: Apache-2.0
// A corpus in a directory of the test's own.
#ifndef DRAGOMAN_DATA_TOKEN_CORPUS_TESTING_H_
#define DRAGOMAN_DATA_TOKEN_CORPUS_TESTING_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "data/corpus_testing.h"
#include "data/token_corpus.h"

namespace dragoman {

class TokenCorpusTest : public testing::Test {
 protected:
  TokenCorpus Open(const ParallelInput& input, CorpusOptions options = {}) {
    return TokenCorpus::OpenOrBuild(input, vocabulary_, vocabulary_, options, directory_ / "corpus.tokens");
  }
  // Every pair as text again, for comparison.
  std::vector<std::string> Texts(const TokenCorpus& corpus) {
    std::vector<std::string> texts;
    for (int64_t pair = 0; pair < corpus.size(); ++pair) {
      std::vector<int32_t> src;
      std::vector<int32_t> tgt;
      corpus.AppendPair(pair, &src, &tgt);
      EXPECT_EQ(src.back(), vocabulary_.eos_id());
      EXPECT_EQ(tgt.back(), vocabulary_.eos_id());
      EXPECT_EQ(src.size(), corpus.lengths()[static_cast<size_t>(pair)].src);
      EXPECT_EQ(tgt.size(), corpus.lengths()[static_cast<size_t>(pair)].tgt);
      texts.push_back(vocabulary_.Decode(src));
      texts.push_back(vocabulary_.Decode(tgt));
    }
    return texts;
  }
  ParallelInput Tsv(const std::string& text) {
    ParallelInput input;
    input.format = PairFormat::kTsv;
    input.source = directory_.Write("tsv", text);
    return input;
  }

  const TestDirectory directory_;
  const Tokenizer vocabulary_ = TestVocabulary();
};

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_TOKEN_CORPUS_TESTING_H_
