// SPDX-License-Identifier: Apache-2.0
// Makes the phrase book: sentence pairs drawn from a grammar, parted into training, validation and held-out test.
#ifndef DRAGOMAN_EXAMPLES_PHRASEBOOK_BOOK_H_
#define DRAGOMAN_EXAMPLES_PHRASEBOOK_BOOK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "grammar.h"

namespace dragoman::phrasebook {

struct Pair {
  std::string english;
  std::string chinese;
  const Rule* pattern = nullptr;
  std::vector<const Word*> words;  // in the order of the slots
};

// Draws sentences. Words that were kept least often are preferred, so that all are learnt about equally well.
class Sampler {
 public:
  Sampler(const Grammar& grammar, uint64_t seed) : grammar_(grammar), rng_(seed) {}

  // A sentence of the pattern, or nothing when the draw put one word into two slots ("Tom loves Tom").
  std::optional<Pair> Draw(const Rule& pattern);
  void Keep(const Pair& pair);  // counts its words as used once more
  Rng& rng() { return rng_; }

 private:
  struct Filling {  // what stands in a slot
    Term term;
    std::vector<const Word*> words;
    bool bare = false;  // a word, not a phrase
  };

  Filling FillSlot(const Slot& slot);
  Filling FillClass(const Class& members);
  Filling FillPhrase(const Rule& phrase);
  const Word* PickWord(const std::vector<const Word*>& words);
  static bool Clash(const Filling& a, const Filling& b);
  static std::optional<std::vector<Filling>> WithoutClash(std::vector<Filling> fillings);
  static std::string Write(const std::vector<Piece>& side, const std::vector<Filling>& fillings, bool chinese);

  const Grammar& grammar_;
  Rng rng_;
  std::map<const Word*, int> uses_;
};

struct BookOptions {
  uint64_t seed = 1;
  size_t train_pairs = 15000;
  size_t valid_pairs = 200;
  size_t test_pairs = 1000;
  // A pair is held out only while training keeps so many sentences with each of its words (as spelt), and so many of
  // its pattern.
  int min_word_sentences = 10;
  int min_pattern_sentences = 15;
};

struct Book {
  std::vector<Pair> train;
  std::vector<Pair> valid;
  std::vector<Pair> test;
};

// The same grammar and options give the same book on every machine. Throws FileError naming the pattern when one
// English sentence got two Chinese ones, or when the patterns cannot make enough different sentences.
Book MakeBook(const Grammar& grammar, const BookOptions& options);

// The words of an English sentence as a learner would count them: cut at spaces, hyphens and 's, without punctuation.
std::vector<std::string> EnglishWords(const std::string& sentence);

// File name -> contents: train.en, train.zh, valid.en, …, one sentence a line.
std::map<std::string, std::string> BookFiles(const Book& book);

}  // namespace dragoman::phrasebook

#endif  // DRAGOMAN_EXAMPLES_PHRASEBOOK_BOOK_H_
