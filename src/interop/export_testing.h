// SPDX-License-Identifier: Apache-2.0
// A model of ours, exported and imported again, for the tests of exports.
#ifndef DRAGOMAN_INTEROP_EXPORT_TESTING_H_
#define DRAGOMAN_INTEROP_EXPORT_TESTING_H_

#include <gtest/gtest.h>

#include <array>
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

// Of a few sentences of random ids.
inline std::vector<float> LogitsOf(const Transformer& model) {
  const TransformerConfig& config = model.config();
  constexpr std::array<int, 3> kSrcLengths = {5, 1, 9}, kTgtLengths = {4, 6, 2};
  const Sentences src(kSrcLengths, config.src_vocab, /*seed=*/3);
  const Sentences tgt = Sentences(kTgtLengths, config.tgt_vocab, /*seed=*/4).ShiftedRight(config.decoder_start);
  Workspace workspace;
  const EncodedSource encoded = model.Encode(workspace, src.view());
  const Variable hidden = model.Decode(workspace, tgt.view(), encoded);
  const Variable logits = model.Logits(workspace, hidden.value(), tgt.packing(), encoded);
  const ConstMatrix all = logits.value();
  return {all.data, all.data + all.size()};
}

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_EXPORT_TESTING_H_
