// SPDX-License-Identifier: Apache-2.0
#include "base/json_scanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/utf8.h"

namespace dragoman {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlanks = " \t\n\r";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// One character of a text, for a message.
std::string Shown(std::string_view character) {
  const auto byte = static_cast<unsigned char>(character[0]);
  if (byte < 0x20 || byte == 0x7F) return fmt::format("the byte 0x{:02X}", byte);
  if (byte < 0x80) return fmt::format("'{}'", character);
  return fmt::format("{} (U+{:04X})", character, static_cast<uint32_t>(CodePointAt(character, 0)));
}

// Words of other languages, and what JSON has for them.
struct Word {
  std::string_view word, instead;
};
constexpr Word kForeignWords[] = {{"NaN", "null or a number"},
                                  {"nan", "null or a number"},
                                  {"Infinity", "null or a number"},
                                  {"inf", "null or a number"},
                                  {"-Infinity", "null or a number"},
                                  {"-inf", "null or a number"},
                                  {"True", "true"},
                                  {"False", "false"},
                                  {"None", "null"},
                                  {"undefined", "null"}};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<JsonNode> Scan() {
    if (text_.size() >= std::numeric_limits<uint32_t>::max()) Fail(0, "4 GB of text, expected less");
    if (const size_t bad = FindInvalidUtf8(text_); bad != std::string_view::npos) {
      Fail(bad, fmt::format("the byte 0x{:02X} is not valid UTF-8", static_cast<unsigned char>(text_[bad])));
    }
    if (text_.substr(0, kByteOrderMark.size()) == kByteOrderMark) at_ = kByteOrderMark.size();
    do {
      const bool is_open = BeginValue();
      if (!is_open) EndValues();
    } while (!open_.empty());
    if (at_ < text_.size()) Fail(at_, fmt::format("{} after the end, expected one value", Found()));
    return std::move(nodes_);
  }

 private:
  [[noreturn]] static void Fail(size_t at, std::string what) { throw JsonFault{at, std::move(what)}; }

  bool AtEnd() const { return at_ == text_.size(); }
  char Here() const { return AtEnd() ? '\0' : text_[at_]; }
  void SkipBlanks() { at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size()); }
  bool InObject() const { return !open_.empty() && nodes_[open_.back()].kind == JsonKind::kObject; }

  // The word that begins here, a minus sign before it included; "" if there is none.
  std::string_view WordHere() const {
    size_t end = at_ + (Here() == '-' ? 1 : 0);
    const size_t letters = end;
    while (end < text_.size() && IsLetter(text_[end])) ++end;
    return end == letters ? std::string_view() : text_.substr(at_, end - at_);
  }

  // What is here instead of what was expected.
  std::string Found() const {
    constexpr size_t kLongestWord = 20;
    if (AtEnd()) {
      return open_.empty() ? "the end of the text" : InObject() ? "the end inside an object" : "the end inside a list";
    }
    if (text_.substr(at_, kByteOrderMark.size()) == kByteOrderMark) return "a byte order mark (U+FEFF)";
    const std::string_view rest = text_.substr(at_, 2);
    if (rest == "//" || rest == "/*" || Here() == '#') return "a comment";
    if (Here() == '\'') return "a single quote";
    if (const std::string_view word = WordHere(); !word.empty()) return std::string(word.substr(0, kLongestWord));
    return Shown(text_.substr(at_, Utf8Length(Here())));
  }

  [[noreturn]] void FailHere(const std::string& expected) const {
    Fail(at_, fmt::format("{}, expected {}", Found(), expected));
  }

  void Push(JsonKind kind, size_t begin) {
    if (nodes_.size() >= kMaxJsonValues) Fail(begin, fmt::format("more than {} values", kMaxJsonValues));
    const auto next = static_cast<uint32_t>(nodes_.size() + 1);
    nodes_.push_back({kind, static_cast<uint32_t>(begin), static_cast<uint32_t>(at_), next});
  }

  // Reads a whole scalar, or the beginning of a list or object. True: a value (or a key) of the latter comes next.
  bool BeginValue() {
    SkipBlanks();
    switch (Here()) {
      case '[':
      case '{':
        return OpenList();
      case '"':
        ScanString();
        return false;
      case 't':
        ScanWord("true", JsonKind::kBool);
        return false;
      case 'f':
        ScanWord("false", JsonKind::kBool);
        return false;
      case 'n':
        ScanWord("null", JsonKind::kNull);
        return false;
      default:
        ScanNumber();
        return false;
    }
  }

  bool OpenList() {
    if (open_.size() >= kMaxNesting) Fail(at_, fmt::format("nested more than {} deep", kMaxNesting));
    const bool is_object = Here() == '{';
    const size_t begin = at_++;
    Push(is_object ? JsonKind::kObject : JsonKind::kArray, begin);
    open_.push_back(static_cast<uint32_t>(nodes_.size() - 1));
    SkipBlanks();
    if (Here() == (is_object ? '}' : ']')) return false;  // EndValues closes it
    if (is_object) ScanKey();
    return true;
  }

  // After a value: the ends of the lists it is the last of, and the comma before the next, if there is one.
  void EndValues() {
    for (SkipBlanks(); !open_.empty(); SkipBlanks()) {
      const char closing = InObject() ? '}' : ']';
      if (Here() == closing) {
        ++at_;
        nodes_[open_.back()].end = static_cast<uint32_t>(at_);
        nodes_[open_.back()].next = static_cast<uint32_t>(nodes_.size());
        open_.pop_back();
        continue;
      }
      const size_t comma = at_;
      if (Here() != ',') FailHere(fmt::format("',' or '{}'", closing));
      ++at_;
      SkipBlanks();
      if (Here() == closing) Fail(comma, fmt::format("a comma before '{}'", closing));
      if (InObject()) ScanKey();
      return;
    }
  }

  void ScanKey() {
    if (Here() != '"') FailHere("a key in double quotes");
    ScanString();
    SkipBlanks();
    if (Here() != ':') FailHere("':' after the key");
    ++at_;
  }

  void ScanWord(std::string_view word, JsonKind kind) {
    if (WordHere() != word) FailNoValue();
    const size_t begin = at_;
    at_ += word.size();
    Push(kind, begin);
  }

  [[noreturn]] void FailNoValue() const {
    for (const Word& foreign : kForeignWords) {
      if (WordHere() == foreign.word) FailHere(std::string(foreign.instead));
    }
    FailHere(Here() == '\'' ? "double quotes" : "a value");
  }

  void ScanString() {
    const size_t begin = at_++;
    for (;; ++at_) {
      while (!AtEnd() && Here() != '"' && Here() != '\\' && static_cast<unsigned char>(Here()) >= 0x20) ++at_;
      if (AtEnd()) Fail(at_, "the end inside a string, expected '\"'");
      if (Here() == '"') break;
      if (Here() != '\\') FailControl();
      ScanEscape();
    }
    ++at_;
    Push(JsonKind::kString, begin);
  }

  [[noreturn]] void FailControl() const {
    const char c = Here();
    const std::string_view escape = c == '\t' ? "\\t" : c == '\n' ? "\\n" : c == '\r' ? "\\r" : "";
    Fail(at_, fmt::format("the byte 0x{:02X} in a string, expected {}", c,
                          escape.empty() ? fmt::format("\\u{:04x}", c) : std::string(escape)));
  }

  // Ends at the last character of the escape.
  void ScanEscape() {
    const size_t begin = at_++;
    if (AtEnd()) Fail(at_, "the end inside a string, expected '\"'");
    if (Here() == 'u') {
      for (int digit = 0; digit < 4; ++digit) {
        ++at_;
        if (!IsHexDigit(Here())) Fail(begin, "a \\u without four hexadecimal digits");
      }
    } else if (std::string_view("\"\\/bfnrt").find(Here()) == std::string_view::npos) {
      Fail(begin, fmt::format("\\ before {} in a string, expected \\\\ for a backslash", Found()));
    }
  }

  void ScanDigits() {
    if (!IsDigit(Here())) FailHere("a digit");
    while (IsDigit(Here())) ++at_;
  }

  void ScanNumber() {
    const size_t begin = at_;
    if (!WordHere().empty()) FailNoValue();
    if (Here() == '-') {
      ++at_;
    } else if (!IsDigit(Here())) {
      FailNoValue();
    }
    if (Here() == '0' && at_ + 1 < text_.size() && IsDigit(text_[at_ + 1])) {
      Fail(begin, "a number that begins with 0, expected one without, or a string");
    }
    ScanDigits();
    if (Here() == '.') {
      ++at_;
      ScanDigits();
    }
    if (Here() == 'e' || Here() == 'E') {
      ++at_;
      if (Here() == '+' || Here() == '-') ++at_;
      ScanDigits();
    }
    Push(JsonKind::kNumber, begin);
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<JsonNode> nodes_;
  std::vector<uint32_t> open_;  // nodes of the lists and objects around this place
};

}  // namespace

std::vector<JsonNode> ScanJson(std::string_view text) { return Scanner(text).Scan(); }

}  // namespace dragoman
