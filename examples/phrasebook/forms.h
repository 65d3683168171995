// SPDX-License-Identifier: Apache-2.0
// The forms of a word: regular English morphology by rule, everything irregular (and every Chinese measure word) as the
// lexicon gives it.
#ifndef DRAGOMAN_EXAMPLES_PHRASEBOOK_FORMS_H_
#define DRAGOMAN_EXAMPLES_PHRASEBOOK_FORMS_H_

#include <map>
#include <optional>
#include <string>

namespace dragoman::phrasebook {

using Forms = std::map<std::string, std::string>;  // form name -> what the lexicon says about it

// A word or a phrase made of words, in both languages.
struct Term {
  std::string english;
  std::string chinese;
  Forms forms;
};

// True when every term has this form, by rule: pl, a, third, past, de, … (README.md lists them).
bool HasRule(const std::string& form);

// The named form of a term, or nothing when neither the lexicon nor a rule gives it. "present" agrees with `subject`
// (he loves, they love); the other forms ignore it. An empty name is the term itself: "{slot}".
//   chinese: which language "{slot}" stands for; every other form belongs to one language only.
std::optional<std::string> FormOf(const Term& term, const std::string& form, const Term* subject, bool chinese);

}  // namespace dragoman::phrasebook

#endif  // DRAGOMAN_EXAMPLES_PHRASEBOOK_FORMS_H_
