// SPDX-License-Identifier: Apache-2.0
// A model and a vocabulary that fit together, for tests.
#ifndef DRAGOMAN_FORMAT_TRANSLATION_TESTING_H_
#define DRAGOMAN_FORMAT_TRANSLATION_TESTING_H_

#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "format/model_directory.h"
#include "model/model_testing.h"
#include "text/vocabulary_testing.h"

namespace dragoman {

inline std::shared_ptr<const Tokenizer> SharedTestVocabulary() {
  static const auto vocab = std::make_shared<const Tokenizer>(TestVocabulary());
  return vocab;
}

// Untrained: what it says makes no sense, but is all its own. The bias makes </s> likely enough that most sentences
// end before the limit of 24 tokens.
inline TranslationModel RandomTranslationModel(float end_bias, Tying tying, const VocabularyPair& vocabs) {
  TransformerConfig config = TinyConfig();
  config.tying = tying;
  config.src_vocab = vocabs.src->rows();
  config.tgt_vocab = vocabs.tgt->rows();
  config.d_model = 16;
  config.output_bias = true;
  TranslationModel loaded{RandomModel(config), vocabs};
  loaded.model->parameters().Writable("output.bias")[static_cast<size_t>(vocabs.tgt->eos_id())] = end_bias;
  return loaded;
}

inline TranslationModel RandomTranslationModel(float end_bias = 2, Tying tying = Tying::kAll) {
  return RandomTranslationModel(end_bias, tying, {SharedTestVocabulary(), SharedTestVocabulary()});
}

// One with a template and numbering of its own: OddSettings.
inline TranslationModel OddTranslationModel() {
  const VocabularyPair usual{SharedTestVocabulary(), SharedTestVocabulary()};
  return RandomTranslationModel(/*end_bias=*/2, Tying::kAll,
                                WithSettings(usual, OddSettings(*usual.src).ToJson(), "settings"));
}

// Numbers two vocabularies together: a piece that both have has one id, and <pad> is a token of both.
inline VocabularyPair NumberedTogether(const VocabularyPair& vocabs) {
  TokenizerSettingsPair settings;
  std::map<std::string, int32_t> rows;
  for (const auto& [side, vocab] : {std::pair(&settings.tgt, vocabs.tgt), {&settings.src, vocabs.src}}) {
    for (int32_t piece = 0; piece < vocab->size(); ++piece) {
      side->ids.push_back(rows.try_emplace(vocab->Piece(piece), static_cast<int32_t>(rows.size())).first->second);
    }
  }
  settings.src.added = settings.tgt.added = {{"<pad>", static_cast<int32_t>(rows.size())}};
  return WithSettings(vocabs, settings.ToJson(), "settings");
}

// Of two vocabularies, unigram and BPE, with one table for both and the output.
inline TranslationModel TwoVocabulariesInOneTable() {
  static const auto bpe = [] {
    VocabOptions options = SmallVocabOptions();
    options.type = VocabType::kBpe;
    return std::make_shared<const Tokenizer>(Tokenizer::FromBytes(TrainTestModel(options), "bpe.model"));
  }();
  return RandomTranslationModel(/*end_bias=*/2, Tying::kAll, NumberedTogether({SharedTestVocabulary(), bpe}));
}

// One that gives no finite number for a source with an unknown character.
inline TranslationModel PoisonedTranslationModel() {
  TranslationModel loaded = RandomTranslationModel(/*end_bias=*/2, Tying::kDecoder);
  loaded.model->parameters().Writable("src_embed.weight")[static_cast<size_t>(loaded.vocabs.src->unk_id()) * 16] =
      std::numeric_limits<float>::quiet_NaN();
  return loaded;
}

}  // namespace dragoman

#endif  // DRAGOMAN_FORMAT_TRANSLATION_TESTING_H_
