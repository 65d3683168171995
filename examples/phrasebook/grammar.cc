// SPDX-License-Identifier: Apache-2.0
#include "grammar.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "base/error.h"

namespace dragoman::phrasebook {
namespace {

struct Row {
  std::string file;
  int64_t line = 0;
  std::vector<std::string> columns;

  [[noreturn]] void Fail(const std::string& what) const { throw FileError(file, line, what); }
};

std::string Quoted(const std::string& text) { return "'" + text + "'"; }

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::string part;
  std::istringstream in(text);
  while (std::getline(in, part, separator)) parts.push_back(part);
  return parts;
}

// The lines of a file that are neither empty nor comments, cut at the tabs.
std::vector<Row> ReadRows(const std::string& file, size_t least, size_t most, const std::string& layout) {
  std::ifstream in(file);
  if (!in) throw FileError(file, "cannot be read, expected the text file that README.md describes; check the folder");
  std::vector<Row> rows;
  std::string text;
  for (int64_t line = 1; std::getline(in, text); ++line) {
    if (!text.empty() && text.back() == '\r') text.pop_back();
    if (text.empty() || text[0] == '#') continue;
    Row row{file, line, Split(text, '\t')};
    const size_t count = row.columns.size();
    if (count < least || count > most) {
      row.Fail("found " + std::to_string(count) + " columns, expected " + layout + "; separate columns by one tab");
    }
    for (size_t i = 0; i < least; ++i) {
      if (row.columns[i].empty()) row.Fail("column " + std::to_string(i + 1) + " is empty, expected " + layout);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Forms ParseForms(const Row& row, const std::string& text) {
  Forms forms;
  for (const std::string& entry : Split(text, ' ')) {
    const size_t equals = entry.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == entry.size()) {
      row.Fail("found " + Quoted(entry) + " among the forms, expected name=value; separate forms by one space");
    }
    if (!forms.emplace(entry.substr(0, equals), entry.substr(equals + 1)).second) {
      row.Fail("form " + Quoted(entry.substr(0, equals)) + " is given twice; keep one");
    }
  }
  return forms;
}

template <typename Number>
Number ParseNumber(const Row& row, const std::string& text, const std::string& what) {
  std::istringstream in(text);
  Number number = 0;
  if (!(in >> number) || !in.eof() || number <= 0 || number > 1000) {
    row.Fail("found " + what + " " + Quoted(text) + ", expected a number above 0, at most 1000");
  }
  return number;
}

// "s=pronoun*3|name o=thing"
std::vector<Slot> ParseSlots(const Row& row, const std::string& text) {
  std::vector<Slot> slots;
  for (const std::string& entry : Split(text, ' ')) {
    const size_t equals = entry.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == entry.size()) {
      row.Fail("found " + Quoted(entry) + " among the slots, expected slot=class|class*weight");
    }
    Slot slot{entry.substr(0, equals), {}};
    for (const Slot& other : slots) {
      if (other.name == slot.name) row.Fail("slot " + Quoted(slot.name) + " is declared twice; rename one");
    }
    for (const std::string& choice : Split(entry.substr(equals + 1), '|')) {
      const size_t star = choice.find('*');
      const int weight = star == std::string::npos ? 1 : ParseNumber<int>(row, choice.substr(star + 1), "the weight");
      slot.choices.push_back({choice.substr(0, star), weight});
    }
    slots.push_back(std::move(slot));
  }
  return slots;
}

int SlotIndex(const Row& row, const std::vector<Slot>& slots, const std::string& name) {
  std::string known;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].name == name) return static_cast<int>(i);
    known += (i == 0 ? "" : ", ") + slots[i].name;
  }
  row.Fail("unknown slot " + Quoted(name) + ", expected one of: " + known + "; declare it in the column of slots");
}

// "{slot}", "{slot.form}" or "{slot.form@subject}", without the braces
void ParseReference(const Row& row, const std::vector<Slot>& slots, const std::string& text, Piece* piece) {
  const size_t dot = text.find('.');
  const size_t at = text.find('@');
  piece->slot = SlotIndex(row, slots, text.substr(0, std::min(dot, at)));
  if (dot != std::string::npos) {
    piece->form = text.substr(dot + 1, at == std::string::npos ? std::string::npos : at - dot - 1);
  }
  if (at != std::string::npos) piece->subject = SlotIndex(row, slots, text.substr(at + 1));
  if ((piece->form == "present") != (at != std::string::npos)) {
    row.Fail("found {" + text + "}, expected {verb.present@subject}: present, and only present, names its subject");
  }
}

std::vector<Piece> ParseTemplate(const Row& row, const std::vector<Slot>& slots, const std::string& text) {
  std::vector<Piece> pieces(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') {
      const size_t close = text.find('}', i);
      if (close == std::string::npos) row.Fail("found { without }, expected {slot} or {slot.form}; close it");
      ParseReference(row, slots, text.substr(i + 1, close - i - 1), &pieces.back());
      pieces.emplace_back();
      i = close;
    } else if (text[i] == '}') {
      row.Fail("found } without {, expected {slot} or {slot.form}; open or remove it");
    } else {
      pieces.back().text += text[i];
    }
  }
  return pieces;
}

void CheckSlotsUsed(const Row& row, const Rule& rule) {
  for (size_t i = 0; i < rule.slots.size(); ++i) {
    for (const auto* side : {&rule.english, &rule.chinese}) {
      bool used = false;
      for (const Piece& piece : *side) used = used || piece.slot == static_cast<int>(i);
      if (used) continue;
      row.Fail("slot " + Quoted(rule.slots[i].name) + " does not occur in the " +
               (side == &rule.english ? "English" : "Chinese") + ", expected every slot in both; use it or remove it");
    }
  }
}

// The columns that phrases and patterns share: name, English, Chinese, slots.
Rule ParseRule(const Row& row) {
  Rule rule;
  rule.name = row.columns[0];
  rule.slots = ParseSlots(row, row.columns[3]);
  rule.english = ParseTemplate(row, rule.slots, row.columns[1]);
  rule.chinese = ParseTemplate(row, rule.slots, row.columns[2]);
  rule.file = row.file;
  rule.line = row.line;
  CheckSlotsUsed(row, rule);
  return rule;
}

void ReadLexicon(const std::string& folder, Grammar* grammar) {
  for (const Row& row : ReadRows(folder + "/lexicon.tsv", 3, 4, "3 or 4: classes, English, Chinese, forms")) {
    Word word;
    word.english = row.columns[1];
    word.chinese = row.columns[2];
    if (row.columns.size() > 3) word.forms = ParseForms(row, row.columns[3]);
    word.line = row.line;
    grammar->words.push_back(word);
    for (const std::string& name : Split(row.columns[0], ',')) {
      for (const Word* other : grammar->classes[name].words) {
        if (other->english == word.english) {
          row.Fail(Quoted(word.english) + " is in class " + name + " already, at line " + std::to_string(other->line) +
                   ", expected once: an English sentence has one translation; remove one");
        }
      }
      grammar->classes[name].words.push_back(&grammar->words.back());
    }
  }
}

void ReadPhrases(const std::string& folder, Grammar* grammar) {
  for (const Row& row : ReadRows(folder + "/phrases.tsv", 4, 5, "4 or 5: class, English, Chinese, slots, forms")) {
    Rule rule = ParseRule(row);
    if (row.columns.size() > 4) rule.forms = ParseForms(row, row.columns[4]);
    const auto head = rule.forms.find("head");
    if (head != rule.forms.end()) {
      rule.head = SlotIndex(row, rule.slots, head->second);
      rule.forms.erase(head);
    }
    grammar->phrases.push_back(std::move(rule));
    grammar->classes[row.columns[0]].phrases.push_back(&grammar->phrases.back());
  }
}

void ReadPatterns(const std::string& folder, Grammar* grammar) {
  std::set<std::string> names;
  for (const Row& row : ReadRows(folder + "/patterns.tsv", 4, 5, "4 or 5: name, English, Chinese, slots, share")) {
    Rule rule = ParseRule(row);
    if (!names.insert(rule.name).second) row.Fail("pattern " + Quoted(rule.name) + " is there twice; rename one");
    if (row.columns.size() > 4) rule.share = ParseNumber<double>(row, row.columns[4], "the share");
    grammar->patterns.push_back(std::move(rule));
  }
  if (names.empty()) throw FileError(folder + "/patterns.tsv", "found no pattern, expected at least one; add a line");
  for (const Row& row : ReadRows(folder + "/held_out.tsv", 3, 3, "3: pattern, English, Chinese")) {
    if (names.count(row.columns[0]) == 0) {
      row.Fail("unknown pattern " + Quoted(row.columns[0]) + ", expected a name from patterns.tsv");
    }
    grammar->held_out.push_back({row.columns[0], row.columns[1], row.columns[2]});
  }
}

// Walks down from every rule through the classes of its slots.
class Checker {
 public:
  explicit Checker(const Grammar& grammar) : grammar_(grammar) {}

  void Check(const Rule& rule) {
    if (done_.count(&rule) != 0) return;
    if (!open_.insert(&rule).second) Fail(rule, "class " + Quoted(rule.name) + " contains itself; break the circle");
    for (const Slot& slot : rule.slots) {
      for (const Choice& choice : slot.choices) {
        const auto found = grammar_.classes.find(choice.class_name);
        if (found == grammar_.classes.end()) {
          Fail(rule, "unknown class " + Quoted(choice.class_name) + " of slot " + Quoted(slot.name) +
                         ", expected a class from lexicon.tsv or phrases.tsv; check the spelling or add words to it");
        }
        for (const Rule* phrase : found->second.phrases) Check(*phrase);
      }
    }
    for (const auto* side : {&rule.english, &rule.chinese}) {
      for (const Piece& piece : *side) {
        if (piece.slot >= 0 && !HasRule(piece.form)) CheckForm(rule, rule.slots[piece.slot], piece.form);
      }
    }
    open_.erase(&rule);
    done_.insert(&rule);
  }

 private:
  [[noreturn]] static void Fail(const Rule& rule, const std::string& what) {
    throw FileError(rule.file, rule.line, what);
  }

  // Whatever may fill the slot must have the form, since no rule can make it.
  void CheckForm(const Rule& rule, const Slot& slot, const std::string& form) const {
    const std::string lacking = FindLacking(slot, form);
    if (lacking.empty()) return;
    Fail(rule, "slot " + Quoted(slot.name) + " is used in the form " + Quoted(form) + ", which " + lacking +
                   " does not have; add " + form + "=… there, or correct the name of the form");
  }

  // Some word or phrase that may fill the slot but lacks the form, or the empty string.
  std::string FindLacking(const Slot& slot, const std::string& form) const {
    for (const Choice& choice : slot.choices) {
      const Class& members = grammar_.classes.at(choice.class_name);
      for (const Word* word : members.words) {
        if (word->forms.count(form) == 0)
          return Quoted(word->english) + " (line " + std::to_string(word->line) + " of lexicon.tsv)";
      }
      for (const Rule* phrase : members.phrases) {
        if (phrase->forms.count(form) != 0) continue;
        const int source = phrase->IsAlias() ? 0 : phrase->head;
        const std::string where = "the phrase at line " + std::to_string(phrase->line) + " of phrases.tsv";
        const std::string lacking = source < 0 ? where : FindLacking(phrase->slots[source], form);
        if (!lacking.empty()) return lacking;
      }
    }
    return "";
  }

  const Grammar& grammar_;
  std::set<const Rule*> open_;  // on the way down to here
  std::set<const Rule*> done_;
};

}  // namespace

bool Rule::IsAlias() const {
  if (slots.size() != 1 || english.size() != 2 || chinese.size() != 2) return false;
  return english[0].text.empty() && english[0].form.empty() && english[1].text.empty() && chinese[0].text.empty() &&
         chinese[0].form.empty() && chinese[1].text.empty();
}

Grammar ReadGrammar(const std::string& folder) {
  Grammar grammar;
  ReadLexicon(folder, &grammar);
  ReadPhrases(folder, &grammar);
  ReadPatterns(folder, &grammar);
  Checker checker(grammar);
  for (const Rule& rule : grammar.phrases) checker.Check(rule);
  for (const Rule& rule : grammar.patterns) checker.Check(rule);
  return grammar;
}

}  // namespace dragoman::phrasebook
