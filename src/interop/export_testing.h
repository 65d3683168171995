// SPDX-License-Identifier: Apache-2.0
// A model of ours, exported and imported again, and what models compute, for the tests of exports.
#ifndef DRAGOMAN_INTEROP_EXPORT_TESTING_H_
#define DRAGOMAN_INTEROP_EXPORT_TESTING_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "autograd/workspace.h"
#include "format/manifest.h"
#include "interop/export.h"
#include "interop/import.h"
#include "interop/interop_testing.h"
#include "model/model_testing.h"
#include "text/vocabulary_testing.h"

namespace dragoman {

// One vocabulary for both sides, as `dragoman train` makes it, or with settings.
inline VocabularyPair TestVocabularies(const TokenizerSettingsPair& settings = {}) {
  const auto one = std::make_shared<const Tokenizer>(TestVocabulary());
  return WithSettings({one, one}, settings, "test.model");
}

// A vocabulary each.
inline VocabularyPair TwoTestVocabularies() {
  return {std::make_shared<const Tokenizer>(TestVocabulary()), std::make_shared<const Tokenizer>(EndingsVocabulary())};
}

// A small model of that kind with as many rows as its vocabularies have, every number of it random.
inline std::unique_ptr<Transformer> RandomModelOf(TransformerConfig config, const VocabularyPair& vocabs) {
  config.src_vocab = vocabs.src->rows();
  config.tgt_vocab = vocabs.tgt->rows();
  return RandomModel(config);
}

struct Reimported {
  ForeignModel foreign;
  std::unique_ptr<Transformer> model;
};

inline Reimported ExportAndImport(const Transformer& model, const VocabularyPair& vocabs, ExportTarget target,
                                  const TestFolder& folder) {
  const std::string directory = folder / "exported";
  RemoveAll(RealFileSystem(), directory);
  WriteExport(RealFileSystem(), PrepareExport({model, vocabs, {}}, target), directory);
  ForeignModel foreign = OpenForeign(RealFileSystem(), directory, {});
  std::unique_ptr<Transformer> read = ReadForeign(foreign);
  return {std::move(foreign), std::move(read)};
}

inline std::string ExportError(const Transformer& model, const VocabularyPair& vocabs, ExportTarget target) {
  return ErrorIn([&] { PrepareExport({model, vocabs, {}}, target); });
}

// Of some sentences of ids that a model of configuration `of` knows, the logits of the ids that it has.
inline std::vector<float> LogitsOf(const Transformer& model, const TransformerConfig& of) {
  const std::vector<int> src_lengths = {5, 1, 9}, tgt_lengths = {4, 7, 2};
  const Sentences src(src_lengths, of.src_vocab, 2), tgt(tgt_lengths, of.tgt_vocab, 3);
  const Sentences tgt_in = tgt.ShiftedRight(model.config().decoder_start);
  Workspace workspace;
  const EncodedSource encoded = model.Encode(workspace, src.view());
  const Variable hidden = model.Decode(workspace, tgt_in.view(), encoded);
  const Variable logits = model.Logits(workspace, hidden.value(), tgt_in.packing(), encoded);
  std::vector<float> found;
  for (int64_t row = 0; row < logits.value().rows; ++row) {
    const float* const begin = logits.value().data + row * logits.value().cols;
    found.insert(found.end(), begin, begin + of.tgt_vocab);
  }
  return found;
}

inline std::vector<float> LogitsOf(const Transformer& model) { return LogitsOf(model, model.config()); }

// The same numbers, so that the same comes out.
inline void ExpectSameModel(const Transformer& found, const Transformer& expected) {
  for (const auto& parameter : expected.parameters().parameters()) {
    const Parameter* const again = found.parameters().Find(parameter->name);
    ASSERT_NE(again, nullptr) << parameter->name;
    EXPECT_TRUE(std::ranges::equal(again->span(), parameter->span())) << parameter->name;
  }
  EXPECT_EQ(LogitsOf(found), LogitsOf(expected));
}

inline float Largest(const std::vector<float>& values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

inline float LargestDifference(std::vector<float> first, const std::vector<float>& second) {
  EXPECT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) first[i] -= second[i];
  return Largest(first);
}

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_EXPORT_TESTING_H_
