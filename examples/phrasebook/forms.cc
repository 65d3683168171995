// SPDX-License-Identifier: Apache-2.0
#include "forms.h"

#include <string_view>

namespace dragoman::phrasebook {
namespace {

bool IsVowel(char letter) { return std::string_view("aeiou").find(letter) != std::string_view::npos; }

bool EndsWith(const std::string& word, std::string_view end) {
  return word.size() >= end.size() && word.compare(word.size() - end.size(), end.size(), end) == 0;
}

bool EndsInConsonantY(const std::string& word) {
  return word.size() > 1 && word.back() == 'y' && !IsVowel(word[word.size() - 2]);
}

std::string DropLast(const std::string& word) { return word.substr(0, word.size() - 1); }

std::string AddS(const std::string& word) {  // books, boxes, cities
  if (EndsInConsonantY(word)) return DropLast(word) + "ies";
  for (std::string_view end : {"s", "x", "z", "ch", "sh"}) {
    if (EndsWith(word, end)) return word + "es";
  }
  return word + "s";
}

std::string Third(const std::string& verb) { return EndsWith(verb, "o") ? verb + "es" : AddS(verb); }  // loves, goes

std::string Past(const std::string& verb) {  // loved, tried, helped
  if (EndsWith(verb, "e")) return verb + "d";
  return EndsInConsonantY(verb) ? DropLast(verb) + "ied" : verb + "ed";
}

std::string Ing(const std::string& verb) {  // loving, seeing, helping
  return EndsWith(verb, "e") && !EndsWith(verb, "ee") ? DropLast(verb) + "ing" : verb + "ing";
}

std::string Compare(const std::string& adjective, const std::string& ending) {  // nicer, happier, taller
  if (EndsWith(adjective, "e")) return adjective + ending.substr(1);
  return EndsInConsonantY(adjective) ? DropLast(adjective) + "i" + ending : adjective + ending;
}

// What the lexicon says about a form, or the empty string.
std::string Given(const Term& term, const std::string& form) {
  const auto found = term.forms.find(form);
  return found == term.forms.end() ? std::string() : found->second;
}

// A verb of several words changes its first: "got up".
std::string VerbForm(const Term& term, const std::string& form, std::string (*rule)(const std::string&)) {
  const size_t space = term.english.find(' ');
  const std::string rest = space == std::string::npos ? "" : term.english.substr(space);
  const std::string given = Given(term, form);
  return (given.empty() ? rule(term.english.substr(0, space)) : given) + rest;
}

// A noun of several words changes its last: "older brothers".
std::string Plural(const Term& term) {
  const size_t space = term.english.rfind(' ');
  const size_t start = space == std::string::npos ? 0 : space + 1;
  const std::string given = Given(term, "pl");
  return term.english.substr(0, start) + (given.empty() ? AddS(term.english.substr(start)) : given);
}

std::string Possessive(const Term& term) {
  const bool plural = Given(term, "agree") == "pl" && EndsWith(term.english, "s");
  return term.english + (plural ? "'" : "'s");
}

std::string WithArticle(const Term& term) {
  std::string article = Given(term, "article");
  if (article.empty()) article = IsVowel(term.english[0]) ? "an" : "a";
  return article + " " + term.english;
}

// One of three, by who the subject is: I, you or several, one other.
std::string Agree(const Term& term, const char* first, const char* plural, const char* other) {
  const std::string agree = Given(term, "agree");
  return agree == "first" ? first : agree == "pl" ? plural : other;
}

std::optional<std::string> EnglishRule(const Term& term, const std::string& form) {
  if (form == "pl") return Plural(term);
  if (form == "a") return WithArticle(term);
  if (form == "third") return VerbForm(term, form, Third);
  if (form == "past") return VerbForm(term, form, Past);
  if (form == "done") return VerbForm(term, form, Past);
  if (form == "ing") return VerbForm(term, form, Ing);
  if (form == "er") return Given(term, "er") == "more" ? "more " + term.english : Compare(term.english, "er");
  if (form == "est") return Given(term, "er") == "more" ? "most " + term.english : Compare(term.english, "est");
  if (form == "obj") return term.english;
  if (form == "poss" || form == "mine") return Possessive(term);
  if (form == "be") return Agree(term, "am", "are", "is");
  if (form == "was") return Agree(term, "was", "were", "was");
  if (form == "do") return Agree(term, "do", "do", "does");
  if (form == "have") return Agree(term, "have", "have", "has");
  if (form == "s") return Agree(term, "", "", "s");
  if (form == "es") return Agree(term, "", "", "es");
  return std::nullopt;
}

std::optional<std::string> ChineseRule(const Term& term, const std::string& form) {
  if (form == "de" || form == "attr") return term.chinese + "的";
  if (form == "count") return term.chinese;
  return std::nullopt;
}

// Forms whose given value is only part of the answer: the rule puts it in place.
bool RulePlacesGiven(const Term& term, const std::string& form) {
  if (form == "er") return Given(term, form) == "more";
  return form == "pl" || form == "third" || form == "past" || form == "done" || form == "ing";
}

}  // namespace

bool HasRule(const std::string& form) {
  const Term any{"x", "x", {}};
  return form.empty() || form == "present" || EnglishRule(any, form) || ChineseRule(any, form);
}

std::optional<std::string> FormOf(const Term& term, const std::string& form, const Term* subject, bool chinese) {
  if (form.empty()) return chinese ? term.chinese : term.english;
  if (form == "present") {
    const bool third = subject != nullptr && Agree(*subject, "", "", "s") == "s";
    return third ? VerbForm(term, "third", Third) : term.english;
  }
  const auto given = term.forms.find(form);
  if (given != term.forms.end() && !RulePlacesGiven(term, form)) return given->second;
  if (const auto made = EnglishRule(term, form)) return made;
  return ChineseRule(term, form);
}

}  // namespace dragoman::phrasebook
