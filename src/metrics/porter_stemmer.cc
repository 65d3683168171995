// SPDX-License-Identifier: Apache-2.0
#include "metrics/porter_stemmer.h"

#include <span>
#include <utility>

namespace dragoman {
namespace {

// A letter other than a, e, i, o, u, and other than a y after a consonant; a y after a vowel is a consonant.
bool IsConsonant(std::string_view word, size_t i) {
  switch (word[i]) {
    case 'a':
    case 'e':
    case 'i':
    case 'o':
    case 'u':
      return false;
    case 'y': {
      size_t first = i;  // of this run of y's
      while (first > 0 && word[first - 1] == 'y') --first;
      const bool first_is_consonant = first == 0 || !IsConsonant(word, first - 1);
      return first_is_consonant == ((i - first) % 2 == 0);  // they alternate
    }
    default:
      return true;
  }
}

// m in [C](VC)^m[V], where C is a run of consonants and V a run of vowels: roughly, the number of syllables.
int Measure(std::string_view stem) {
  int measure = 0;
  bool after_vowel = false;
  for (size_t i = 0; i < stem.size(); ++i) {
    const bool is_vowel = stem[i] == 'y' ? i > 0 && !after_vowel : !IsConsonant(stem, i);
    if (after_vowel && !is_vowel) ++measure;
    after_vowel = is_vowel;
  }
  return measure;
}

bool ContainsVowel(std::string_view stem) {
  for (size_t i = 0; i < stem.size(); ++i) {
    if (!IsConsonant(stem, i)) return true;
  }
  return false;
}

// *d in the paper.
bool EndsInDoubleConsonant(std::string_view word) {
  const size_t n = word.size();
  return n >= 2 && word[n - 1] == word[n - 2] && IsConsonant(word, n - 1);
}

// *o in the paper: consonant, vowel, consonant other than w, x, y. Extension: two letters, vowel and consonant, will
// do.
bool EndsInShortSyllable(std::string_view word) {
  const size_t n = word.size();
  if (n == 2) return !IsConsonant(word, 0) && IsConsonant(word, 1);
  if (n < 3) return false;
  const char last = word[n - 1];
  return IsConsonant(word, n - 3) && !IsConsonant(word, n - 2) && IsConsonant(word, n - 1) && last != 'w' &&
         last != 'x' && last != 'y';
}

std::string_view WithoutSuffix(std::string_view word, std::string_view suffix) {
  return word.substr(0, word.size() - suffix.size());
}

std::string Join(std::string_view stem, std::string_view suffix) { return std::string(stem).append(suffix); }

struct Rule {
  std::string_view suffix;
  std::string_view replacement;
};

// Applies the first rule whose suffix fits, if what remains measures more than `measure`; no later rule is tried.
std::string ApplyFirst(std::string_view word, std::span<const Rule> rules, int measure) {
  for (const auto& [suffix, replacement] : rules) {
    if (!word.ends_with(suffix)) continue;
    const std::string_view stem = WithoutSuffix(word, suffix);
    return Measure(stem) > measure ? Join(stem, replacement) : std::string(word);
  }
  return std::string(word);
}

// Plurals: caresses -> caress, ponies -> poni, cats -> cat. Extension: ties -> tie.
std::string Step1a(std::string_view word) {
  if (word.ends_with("ies")) return std::string(word.substr(0, word.size() - (word.size() == 4 ? 1 : 2)));
  if (word.ends_with("sses")) return std::string(word.substr(0, word.size() - 2));
  if (word.ends_with("s") && !word.ends_with("ss")) return std::string(word.substr(0, word.size() - 1));
  return std::string(word);
}

// After -ed or -ing is gone: conflat -> conflate, hopp -> hop, fil -> file.
std::string RepairStem(std::string_view stem) {
  for (const std::string_view ending : {"at", "bl", "iz"}) {
    if (stem.ends_with(ending)) return Join(stem, "e");
  }
  if (EndsInDoubleConsonant(stem)) {
    const char last = stem.back();
    const bool keeps_both = last == 'l' || last == 's' || last == 'z';
    return std::string(stem.substr(0, stem.size() - (keeps_both ? 0 : 1)));
  }
  return Measure(stem) == 1 && EndsInShortSyllable(stem) ? Join(stem, "e") : std::string(stem);
}

// Past forms: agreed -> agree, plastered -> plaster, motoring -> motor. Extension: died -> die, spied -> spi.
std::string Step1b(std::string_view word) {
  if (word.ends_with("ied")) return std::string(word.substr(0, word.size() - (word.size() == 4 ? 1 : 2)));
  if (word.ends_with("eed")) {
    return std::string(Measure(WithoutSuffix(word, "eed")) > 0 ? WithoutSuffix(word, "d") : word);
  }
  for (const std::string_view suffix : {"ed", "ing"}) {
    if (word.ends_with(suffix) && ContainsVowel(WithoutSuffix(word, suffix))) {
      return RepairStem(WithoutSuffix(word, suffix));
    }
  }
  return std::string(word);
}

// happy -> happi. Extension: after a consonant that is not the word's first letter, instead of after any vowel.
std::string Step1c(std::string_view word) {
  if (word.size() > 2 && word.ends_with("y") && IsConsonant(word, word.size() - 2)) {
    return Join(WithoutSuffix(word, "y"), "i");
  }
  return std::string(word);
}

// Double suffixes become single ones: relational -> relate, hopefulness -> hopeful.
std::string Step2(std::string_view word) {
  static constexpr Rule kRules[] = {
      {"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"},
      {"bli", "ble"},     {"alli", "al"},     {"entli", "ent"}, {"eli", "e"},     {"ousli", "ous"},
      {"ization", "ize"}, {"ation", "ate"},   {"ator", "ate"},  {"alism", "al"},  {"iveness", "ive"},
      {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"},  {"iviti", "ive"}, {"biliti", "ble"},
      {"fulli", "ful"},  // extension
  };
  if (word.ends_with("alli") && Measure(WithoutSuffix(word, "alli")) > 0) {  // extension: on with what -alli leaves
    return Step2(Join(WithoutSuffix(word, "alli"), "al"));
  }
  if (word.ends_with("logi")) {  // extension: the l counts as part of the stem, so that geology matches, too
    return std::string(Measure(WithoutSuffix(word, "ogi")) > 0 ? WithoutSuffix(word, "i") : word);
  }
  return ApplyFirst(word, kRules, 0);
}

// triplicate -> triplic, goodness -> good.
std::string Step3(std::string_view word) {
  static constexpr Rule kRules[] = {{"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"},
                                    {"ical", "ic"},  {"ful", ""},   {"ness", ""}};
  return ApplyFirst(word, kRules, 0);
}

// Single suffixes go when enough remains: revival -> reviv, adoption -> adopt.
std::string Step4(std::string_view word) {
  static constexpr Rule kRules[] = {{"al", ""},   {"ance", ""}, {"ence", ""},  {"er", ""},   {"ic", ""},  {"able", ""},
                                    {"ible", ""}, {"ant", ""},  {"ement", ""}, {"ment", ""}, {"ent", ""}, {"ou", ""},
                                    {"ism", ""},  {"ate", ""},  {"iti", ""},   {"ous", ""},  {"ive", ""}, {"ize", ""}};
  if (word.ends_with("ion")) {
    const std::string_view stem = WithoutSuffix(word, "ion");
    const bool goes = Measure(stem) > 1 && (stem.ends_with("s") || stem.ends_with("t"));
    return std::string(goes ? stem : word);
  }
  return ApplyFirst(word, kRules, 1);
}

// A final e: probate -> probat, cease -> ceas, but rate stays.
std::string Step5a(std::string_view word) {
  if (!word.ends_with("e")) return std::string(word);
  const std::string_view stem = WithoutSuffix(word, "e");
  const int measure = Measure(stem);
  return std::string(measure > 1 || (measure == 1 && !EndsInShortSyllable(stem)) ? stem : word);
}

// controll -> control.
std::string Step5b(std::string_view word) {
  const bool goes = word.ends_with("ll") && Measure(WithoutSuffix(word, "l")) > 1;
  return std::string(goes ? WithoutSuffix(word, "l") : word);
}

// Extension: words that the rules would confuse with others.
constexpr std::pair<std::string_view, std::string_view> kIrregular[] = {
    {"sky", "sky"},        {"skies", "sky"},       {"dying", "die"},        {"lying", "lie"},
    {"tying", "tie"},      {"news", "news"},       {"innings", "inning"},   {"inning", "inning"},
    {"outings", "outing"}, {"outing", "outing"},   {"cannings", "canning"}, {"canning", "canning"},
    {"howe", "howe"},      {"proceed", "proceed"}, {"exceed", "exceed"},    {"succeed", "succeed"},
};

}  // namespace

std::string PorterStem(std::string_view word) {
  for (const auto& [irregular, stem] : kIrregular) {
    if (word == irregular) return std::string(stem);
  }
  if (word.size() <= 2) return std::string(word);
  std::string stem(word);
  for (const auto step : {Step1a, Step1b, Step1c, Step2, Step3, Step4, Step5a, Step5b}) stem = step(stem);
  return stem;
}

}  // namespace dragoman
