// SPDX-License-Identifier: Apache-2.0
// A small corpus and vocabularies trained on it, for the tests of text/ and data/.
#ifndef DRAGOMAN_TEXT_VOCABULARY_TESTING_H_
#define DRAGOMAN_TEXT_VOCABULARY_TESTING_H_

#include <string>
#include <vector>

#include "text/tokenizer.h"
#include "text/tokenizer_settings.h"
#include "text/vocab_trainer.h"

namespace dragoman {

// What `function` throws as ErrorType, or "nothing was thrown".
template <typename ErrorType, typename Function>
std::string MessageOf(const Function& function) {
  try {
    function();
  } catch (const ErrorType& e) {
    return e.what();
  }
  return "nothing was thrown";
}

// A few hundred short sentences, English and Chinese, made of a small set of words.
inline std::vector<std::string> TestSentences() {
  static const char* kWho[] = {"I", "you", "the teacher", "my friend", "a student"};
  static const char* kVerb[] = {"see", "like", "know", "call", "help"};
  static const char* kWhom[] = {"the doctor", "a cat", "my brother", "our neighbour"};
  static const char* kWo[] = {"我", "你", "老师", "朋友", "学生"};
  static const char* kDong[] = {"看见", "喜欢", "认识", "叫", "帮助"};
  static const char* kBin[] = {"医生", "一只猫", "我的兄弟", "我们的邻居"};
  std::vector<std::string> sentences;
  for (int who = 0; who < 5; ++who) {
    for (int verb = 0; verb < 5; ++verb) {
      for (int whom = 0; whom < 4; ++whom) {
        sentences.push_back(std::string(kWho[who]) + " " + kVerb[verb] + " " + kWhom[whom] + ".");
        sentences.push_back(std::string(kWo[who]) + kDong[verb] + kBin[whom] + (verb % 2 ? "！" : "，是吗？"));
      }
    }
  }
  return sentences;
}

inline std::string TrainTestModel(VocabOptions options) {
  options.threads = 2;
  VocabTrainer trainer(options);
  for (const std::string& sentence : TestSentences()) trainer.Add(sentence);
  return trainer.Train();
}

inline VocabOptions SmallVocabOptions(int size = 90) {
  VocabOptions options;
  options.size = size;
  options.character_coverage = 1.0;
  return options;
}

inline Tokenizer TestVocabulary() { return Tokenizer::FromBytes(TrainTestModel(SmallVocabOptions()), "test.model"); }

// Unigram, of words with endings, so that some pieces can be cut in several places.
inline Tokenizer EndingsVocabulary(int size = 60) {
  VocabOptions options = SmallVocabOptions(size);
  options.threads = 2;
  VocabTrainer trainer(options);
  for (const std::string stem : {"walk", "talk", "work", "help", "play", "paint", "farm", "sing"}) {
    for (const std::string ending : {"", "s", "er", "ers", "ing", "ings", "ed"}) {
      for (const std::string other : {"", "s", "er", "ers", "ing"}) {
        trainer.Add(stem + ending + " " + stem + other + " er " + ending + " ing " + stem);
      }
    }
  }
  return Tokenizer::FromBytes(trainer.Train(), "endings.model");
}

// Numbers the pieces the other way round, with `gap` rows before the first.
inline TokenizerSettings Reversed(const Tokenizer& usual, int32_t gap = 0) {
  TokenizerSettings settings;
  for (int32_t piece = 0; piece < usual.size(); ++piece) settings.ids.push_back(gap + usual.size() - 1 - piece);
  return settings;
}

// Nothing as usual: pieces reversed, and two added tokens around sentences: <a> source </s> <b>, <b> <a> target </s>.
inline TokenizerSettingsPair OddSettings(const Tokenizer& usual) {
  const int32_t a = usual.size(), b = usual.size() + 1, eos = usual.size() - 1 - usual.eos_id();
  TokenizerSettingsPair pair{Reversed(usual), Reversed(usual)};
  pair.src.added = pair.tgt.added = {{"<a>", a}, {"<b>", b}};
  pair.src.prefix = {a};
  pair.src.suffix = {{eos, b}};
  pair.tgt.prefix = {b, a};
  return pair;
}

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_VOCABULARY_TESTING_H_
