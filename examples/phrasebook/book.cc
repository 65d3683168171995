// SPDX-License-Identifier: Apache-2.0
#include "book.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <unordered_map>

#include "base/check.h"
#include "base/error.h"

namespace dragoman::phrasebook {

// ---- Drawing one sentence ----

const Word* Sampler::PickWord(const std::vector<const Word*>& words) {
  const Word* a = words[rng_.Below(words.size())];
  const Word* b = words[rng_.Below(words.size())];
  return uses_[b] < uses_[a] ? b : a;
}

Sampler::Filling Sampler::FillSlot(const Slot& slot) {
  int total = 0;
  for (const Choice& choice : slot.choices) total += choice.weight;
  int drawn = static_cast<int>(rng_.Below(total));
  for (const Choice& choice : slot.choices) {
    drawn -= choice.weight;
    if (drawn < 0) return FillClass(grammar_.classes.at(choice.class_name));
  }
  DRAGOMAN_CHECK(false);
  return {};
}

Sampler::Filling Sampler::FillClass(const Class& members) {
  const size_t drawn = rng_.Below(members.words.size() + members.phrases.size());
  if (drawn >= members.words.size()) return FillPhrase(*members.phrases[drawn - members.words.size()]);
  const Word* word = PickWord(members.words);
  return {*word, {word}, /*bare=*/true};
}

Sampler::Filling Sampler::FillPhrase(const Rule& phrase) {
  if (phrase.IsAlias()) return FillSlot(phrase.slots[0]);
  constexpr int kMostDraws = 1000;
  std::optional<std::vector<Filling>> fillings;
  for (int draws = 0; !fillings; ++draws) {  // "Tom and Tom" is drawn again
    if (draws == kMostDraws) {
      throw FileError(
          phrase.file, phrase.line,
          "every draw puts one word, or words of one clash, into two slots, expected slots that can differ; "
          "add words to their classes");
    }
    std::vector<Filling> drawn;
    for (const Slot& slot : phrase.slots) drawn.push_back(FillSlot(slot));
    fillings = WithoutClash(std::move(drawn));
  }
  Filling result;
  result.term.english = Write(phrase.english, *fillings, /*chinese=*/false);
  result.term.chinese = Write(phrase.chinese, *fillings, /*chinese=*/true);
  result.term.forms = phrase.forms;
  if (phrase.head >= 0) {
    const Forms& inherited = (*fillings)[phrase.head].term.forms;
    result.term.forms.insert(inherited.begin(), inherited.end());
  }
  for (const Filling& filling : *fillings) {
    result.words.insert(result.words.end(), filling.words.begin(), filling.words.end());
  }
  return result;
}

// True when the two may not stand in one sentence: they share a word, or hold two with the same "clash". A pronoun may
// come back inside a phrase: "I love my mother".
bool Sampler::Clash(const Filling& a, const Filling& b) {
  for (const Word* word : a.words) {
    const bool pronoun = word->forms.count("obj") != 0;
    const auto clash = word->forms.find("clash");
    for (const Word* other : b.words) {
      if (word == other) {
        if (!pronoun || (a.bare && b.bare)) return true;
      } else if (clash != word->forms.end()) {
        const auto others = other->forms.find("clash");
        if (others != other->forms.end() && others->second == clash->second) return true;
      }
    }
  }
  return false;
}

std::optional<std::vector<Sampler::Filling>> Sampler::WithoutClash(std::vector<Filling> fillings) {
  for (size_t i = 0; i < fillings.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (Clash(fillings[i], fillings[j])) return std::nullopt;
    }
  }
  return fillings;
}

std::string Sampler::Write(const std::vector<Piece>& side, const std::vector<Filling>& fillings, bool chinese) {
  std::string text;
  for (const Piece& piece : side) {
    text += piece.text;
    if (piece.slot < 0) continue;
    const Term* subject = piece.subject < 0 ? nullptr : &fillings[piece.subject].term;
    const auto form = FormOf(fillings[piece.slot].term, piece.form, subject, chinese);
    DRAGOMAN_CHECK(form.has_value());  // ReadGrammar checked it
    text += *form;
  }
  return text;
}

std::optional<Pair> Sampler::Draw(const Rule& pattern) {
  std::vector<Filling> drawn;
  for (const Slot& slot : pattern.slots) drawn.push_back(FillSlot(slot));
  const auto fillings = WithoutClash(std::move(drawn));
  if (!fillings) return std::nullopt;
  Pair pair;
  pair.english = Write(pattern.english, *fillings, /*chinese=*/false);
  pair.english[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(pair.english[0])));
  pair.chinese = Write(pattern.chinese, *fillings, /*chinese=*/true);
  pair.pattern = &pattern;
  for (const Filling& filling : *fillings) {
    pair.words.insert(pair.words.end(), filling.words.begin(), filling.words.end());
  }
  return pair;
}

void Sampler::Keep(const Pair& pair) {
  for (const Word* word : pair.words) ++uses_[word];
}

// ---- Drawing the whole book ----

namespace {

// Different sentences of all patterns, in proportion to the patterns' shares.
class Pool {
 public:
  Pool(const Grammar& grammar, const BookOptions& options) : grammar_(grammar), sampler_(grammar, options.seed) {
    for (const HeldOut& sentence : grammar.held_out) held_out_[sentence.english] = sentence.chinese;
  }

  // A pattern with few combinations runs dry; the others then fill its place.
  void Fill(size_t size) {
    std::vector<const Rule*> active;
    for (const Rule& pattern : grammar_.patterns) active.push_back(&pattern);
    while (pairs_.size() < size) {
      double shares = 0;
      for (const Rule* pattern : active) shares += pattern->share;
      const double missing = static_cast<double>(size - pairs_.size());
      std::vector<const Rule*> next;
      for (const Rule* pattern : active) {
        const auto wanted = std::max<size_t>(1, static_cast<size_t>(missing * pattern->share / shares));
        if (FillFrom(*pattern, std::min(wanted, size - pairs_.size()))) next.push_back(pattern);
      }
      if (next.empty() && pairs_.size() < size) {
        throw FileError(grammar_.patterns.front().file, "all patterns together made " + std::to_string(pairs_.size()) +
                                                            " sentences, expected " + std::to_string(size) +
                                                            "; add patterns or words, or ask for fewer pairs");
      }
      active = next;
    }
  }

  // In random order (Fisher–Yates).
  std::vector<Pair> TakeShuffled() {
    for (size_t i = pairs_.size(); i > 1; --i) std::swap(pairs_[i - 1], pairs_[sampler_.rng().Below(i)]);
    return std::move(pairs_);
  }

 private:
  // Adds `wanted` new sentences; false when the pattern seems to have no more.
  bool FillFrom(const Rule& pattern, size_t wanted) {
    constexpr int kMostFailures = 200;  // draws in a row without a new sentence
    int failures = 0;
    while (wanted > 0 && failures < kMostFailures) {
      std::optional<Pair> pair = sampler_.Draw(pattern);
      if (pair && IsNew(*pair)) {
        sampler_.Keep(*pair);
        pairs_.push_back(std::move(*pair));
        --wanted;
        failures = 0;
      } else {
        ++failures;
      }
    }
    return wanted == 0;
  }

  bool IsNew(const Pair& pair) {
    const auto held_out = held_out_.find(pair.english);
    if (held_out != held_out_.end()) {
      CheckSameChinese(pair, held_out->second, "held_out.tsv");
      return false;
    }
    const auto [seen, is_new] = seen_.try_emplace(pair.english, std::pair(pair.chinese, pair.pattern));
    if (!is_new) CheckSameChinese(pair, seen->second.first, "pattern '" + seen->second.second->name + "'");
    return is_new;
  }

  static void CheckSameChinese(const Pair& pair, const std::string& chinese, const std::string& source) {
    if (pair.chinese == chinese) return;
    throw FileError(pair.pattern->file, pair.pattern->line,
                    "'" + pair.english + "' becomes '" + pair.chinese + "' here but '" + chinese + "' in " + source +
                        ", expected one translation; change one of the two, or the words that they share");
  }

  const Grammar& grammar_;
  Sampler sampler_;
  std::vector<Pair> pairs_;
  std::unordered_map<std::string, std::string> held_out_;
  std::unordered_map<std::string, std::pair<std::string, const Rule*>> seen_;
};

std::set<std::string> WordSet(const Pair& pair) {
  const std::vector<std::string> words = EnglishWords(pair.english);
  return {words.begin(), words.end()};
}

// Parts the pool, so that whatever the test asks for has been taught often enough.
class Parting {
 public:
  Parting(const BookOptions& options, const std::vector<Pair>& pool) : options_(options) {
    for (const Pair& pair : pool) Count(pair, 1);
  }

  // True, and the pair no longer counts as training, when enough training is left without it.
  bool HoldOut(const Pair& pair) {
    if (pattern_sentences_[pair.pattern] <= options_.min_pattern_sentences) return false;
    for (const std::string& word : WordSet(pair)) {
      if (word_sentences_[word] <= options_.min_word_sentences) return false;
    }
    Count(pair, -1);
    return true;
  }

 private:
  void Count(const Pair& pair, int change) {
    pattern_sentences_[pair.pattern] += change;
    for (const std::string& word : WordSet(pair)) word_sentences_[word] += change;
  }

  const BookOptions options_;
  std::unordered_map<const Rule*, int> pattern_sentences_;
  std::unordered_map<std::string, int> word_sentences_;
};

void AddHeldOut(const Grammar& grammar, std::vector<Pair>* test) {
  for (const HeldOut& sentence : grammar.held_out) {
    const auto pattern = std::find_if(grammar.patterns.begin(), grammar.patterns.end(),
                                      [&](const Rule& rule) { return rule.name == sentence.pattern; });
    DRAGOMAN_CHECK(pattern != grammar.patterns.end());
    test->push_back({sentence.english, sentence.chinese, &*pattern, {}});
  }
}

}  // namespace

std::vector<std::string> EnglishWords(const std::string& sentence) {
  std::vector<std::string> words(1);
  for (size_t i = 0; i < sentence.size(); ++i) {
    const char letter = sentence[i];
    if (letter == ' ' || letter == '-' || (letter == '\'' && i > 0 && sentence[i - 1] != 'o')) {
      words.emplace_back();
      if (letter == '\'') words.back() = "'";  // Tom, 's
    } else if (std::string(",.?!").find(letter) == std::string::npos) {
      words.back() += letter;
    }
  }
  return words;
}

Book MakeBook(const Grammar& grammar, const BookOptions& options) {
  if (options.test_pairs < grammar.held_out.size()) {
    throw FileError(grammar.patterns.front().file,
                    "asked to hold out " + std::to_string(options.test_pairs) + " sentences, expected at least the " +
                        std::to_string(grammar.held_out.size()) + " of held_out.tsv; ask for more");
  }
  Pool pool(grammar, options);
  pool.Fill(options.train_pairs + options.valid_pairs + options.test_pairs - grammar.held_out.size());
  std::vector<Pair> pairs = pool.TakeShuffled();

  Book book;
  AddHeldOut(grammar, &book.test);
  Parting parting(options, pairs);
  for (Pair& pair : pairs) {
    if (book.test.size() < options.test_pairs && parting.HoldOut(pair)) {
      book.test.push_back(std::move(pair));
    } else if (book.valid.size() < options.valid_pairs && book.test.size() == options.test_pairs &&
               parting.HoldOut(pair)) {
      book.valid.push_back(std::move(pair));
    } else {
      book.train.push_back(std::move(pair));
    }
  }
  if (book.test.size() < options.test_pairs || book.valid.size() < options.valid_pairs) {
    throw FileError(grammar.patterns.front().file,
                    "only " + std::to_string(book.test.size() + book.valid.size()) +
                        " sentences could be held out with enough training left, expected " +
                        std::to_string(options.test_pairs + options.valid_pairs) + "; ask for more training pairs");
  }
  return book;
}

std::map<std::string, std::string> BookFiles(const Book& book) {
  std::map<std::string, std::string> files;
  const std::pair<const char*, const std::vector<Pair>*> parts[] = {
      {"train", &book.train}, {"valid", &book.valid}, {"test", &book.test}};
  for (const auto& [name, pairs] : parts) {
    std::string& english = files[std::string(name) + ".en"];
    std::string& chinese = files[std::string(name) + ".zh"];
    for (const Pair& pair : *pairs) {
      english += pair.english + "\n";
      chinese += pair.chinese + "\n";
    }
  }
  return files;
}

}  // namespace dragoman::phrasebook
