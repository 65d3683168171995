// SPDX-License-Identifier: Apache-2.0
// The phrase book's source: words (lexicon.tsv), phrases made of them (phrases.tsv) and sentences made of both
// (patterns.tsv), read and checked. README.md describes the three files.
#ifndef DRAGOMAN_EXAMPLES_PHRASEBOOK_GRAMMAR_H_
#define DRAGOMAN_EXAMPLES_PHRASEBOOK_GRAMMAR_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "forms.h"

namespace dragoman::phrasebook {

// A line of the lexicon. Its address is its identity: the same spelling in two lines is two words.
struct Word : Term {
  int64_t line = 0;
};

struct Choice {
  std::string class_name;
  int weight = 1;
};

// A place in a sentence or phrase, and the classes of words and phrases that may fill it: "s=pronoun*3|name".
struct Slot {
  std::string name;
  std::vector<Choice> choices;
};

// A stretch of fixed text, then a slot's word in one form (slot -1: none follows).
struct Piece {
  std::string text;
  int slot = -1;
  std::string form;
  int subject = -1;  // the slot that "present" agrees with
};

// A line of phrases.tsv or patterns.tsv.
struct Rule {
  std::string name;  // of the pattern, or of the class that the phrase belongs to
  std::vector<Piece> english;
  std::vector<Piece> chinese;
  std::vector<Slot> slots;
  Forms forms;         // phrases only
  int head = -1;       // phrases only: the slot whose forms the phrase inherits
  double share = 1.0;  // patterns only
  std::string file;
  int64_t line = 0;

  bool IsAlias() const;  // nothing but one slot: the phrase is what fills it
};

// The members of a class; pointers into the grammar that holds it.
struct Class {
  std::vector<const Word*> words;
  std::vector<const Rule*> phrases;
};

// A sentence that is always held out.
struct HeldOut {
  std::string pattern;
  std::string english;
  std::string chinese;
};

struct Grammar {
  std::deque<Word> words;  // deques: Class points at their elements
  std::deque<Rule> phrases;
  std::deque<Rule> patterns;
  std::map<std::string, Class> classes;
  std::vector<HeldOut> held_out;

  Grammar() = default;
  Grammar(const Grammar&) = delete;
  Grammar& operator=(const Grammar&) = delete;
  Grammar(Grammar&&) = default;
  Grammar& operator=(Grammar&&) = default;
};

// Reads lexicon.tsv, phrases.tsv, patterns.tsv and held_out.tsv of a folder. Throws FileError, with file and line, for
// anything that could not be generated from: a wrong number of columns, an unknown slot, class or form, a slot that one
// of the two languages leaves out, a phrase that contains itself, a name given twice.
Grammar ReadGrammar(const std::string& folder);

}  // namespace dragoman::phrasebook

#endif  // DRAGOMAN_EXAMPLES_PHRASEBOOK_GRAMMAR_H_
