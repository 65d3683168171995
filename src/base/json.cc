// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace dragoman {
namespace {

constexpr size_t kExcerptBytes = 60;

// The beginning of a piece of JSON, on one line.
std::string Excerpt(std::string_view text) {
  size_t length = std::min(text.size(), kExcerptBytes);
  while (length < text.size() && IsUtf8Continuation(text[length])) --length;
  std::string excerpt(text.substr(0, length));
  std::replace_if(
      excerpt.begin(), excerpt.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return length < text.size() ? excerpt + "..." : excerpt;
}

void AppendUtf8(char32_t c, std::string* text) {
  const auto add = [&](char32_t bits) { text->push_back(static_cast<char>(bits)); };
  const auto rest = [&](int shift) { add(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) return add(c);
  if (c < 0x800) {
    add(0xC0 | c >> 6);
  } else if (c < 0x10000) {
    add(0xE0 | c >> 12);
    rest(6);
  } else {
    add(0xF0 | c >> 18);
    rest(12);
    rest(6);
  }
  rest(0);
}

// The four digits of a \u escape.
char32_t CodeUnit(std::string_view digits) {
  uint32_t unit = 0;
  std::from_chars(digits.data(), digits.data() + 4, unit, 16);
  return unit;
}

constexpr bool IsHighSurrogate(char32_t c) { return c >= 0xD800 && c <= 0xDBFF; }
constexpr bool IsLowSurrogate(char32_t c) { return c >= 0xDC00 && c <= 0xDFFF; }

// The character that the \u escape, or the two of a surrogate pair, at text[*at] stands for; *at moves behind it. Half
// a pair stands for itself.
char32_t CharacterOfEscape(std::string_view text, size_t* at) {
  const char32_t first = CodeUnit(text.substr(*at + 2));
  *at += 6;
  if (!IsHighSurrogate(first) || text.substr(*at, 2) != "\\u") return first;
  const char32_t second = CodeUnit(text.substr(*at + 2));
  if (!IsLowSurrogate(second)) return first;
  *at += 6;
  return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
}

char CharacterOfShortEscape(char letter) {
  constexpr std::string_view kLetters = "bfnrt", kMeanings = "\b\f\n\r\t";
  const size_t which = kLetters.find(letter);
  return which == std::string_view::npos ? letter : kMeanings[which];  // quote, backslash and slash are themselves
}

// What a string of the text (in its quotes) stands for. Returns the place of a lone surrogate, or npos.
size_t DecodeString(std::string_view text, std::string* decoded) {
  decoded->clear();
  for (size_t at = 1; at + 1 < text.size();) {
    const size_t plain = std::min(text.find('\\', at), text.size() - 1);
    decoded->append(text, at, plain - at);
    at = plain;
    if (at + 1 == text.size()) break;
    if (text[at + 1] != 'u') {
      decoded->push_back(CharacterOfShortEscape(text[at + 1]));
      at += 2;
      continue;
    }
    const size_t begin = at;
    const char32_t character = CharacterOfEscape(text, &at);
    if (IsHighSurrogate(character) || IsLowSurrogate(character)) return begin;
    AppendUtf8(character, decoded);
  }
  return std::string_view::npos;
}

template <typename Number>
bool ParseWhole(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

JsonDocument::JsonDocument(std::string text, JsonOrigin origin) : text_(std::move(text)), origin_(std::move(origin)) {
  try {
    nodes_ = ScanJson(text_);
  } catch (const JsonFault& fault) {
    Fail(fault.at, "not JSON: " + fault.what);
  }
}

void JsonDocument::Fail(size_t at, const std::string& what) const {
  const std::string_view before = std::string_view(text_).substr(0, at);
  const size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  const auto column = 1 + std::count_if(before.begin() + static_cast<std::ptrdiff_t>(line_begin), before.end(),
                                        [](char c) { return !IsUtf8Continuation(c); });
  throw FormatError(origin_.path, origin_.line + std::count(before.begin(), before.end(), '\n'),
                    fmt::format("column {}: {}; {}", column, what, origin_.advice));
}

const JsonNode& JsonValue::node() const { return document_->nodes_[node_]; }
JsonKind JsonValue::kind() const { return node().kind; }

std::string_view JsonValue::text() const {
  return std::string_view(document_->text_).substr(node().begin, node().end - node().begin);
}

void JsonValue::Fail(const std::string& what) const { document_->Fail(node().begin, what); }

void JsonValue::FailExpecting(std::string_view name, std::string_view expected) const {
  Fail(fmt::format("{} is {}, expected {}", name, Excerpt(text()), expected));
}

bool JsonValue::Bool(std::string_view name) const {
  if (kind() != JsonKind::kBool) FailExpecting(name, "true or false");
  return text() == "true";
}

int64_t JsonValue::Integer(std::string_view name, int64_t least, int64_t most) const {
  int64_t value = 0;
  if (kind() != JsonKind::kNumber || !ParseWhole(text(), &value) || value < least || value > most) {
    FailExpecting(name, fmt::format("an integer from {} to {}", least, most));
  }
  return value;
}

uint64_t JsonValue::Unsigned(std::string_view name) const {
  uint64_t value = 0;
  if (kind() != JsonKind::kNumber || !ParseWhole(text(), &value)) FailExpecting(name, "an integer of 0 or more");
  return value;
}

double JsonValue::Number(std::string_view name) const {
  if (kind() != JsonKind::kNumber) FailExpecting(name, "a number");
  const double value = std::strtod(std::string(text()).c_str(), nullptr);
  if (!std::isfinite(value)) Fail(fmt::format("{} is {}, a number out of range", name, Excerpt(text())));
  return value;
}

std::string JsonValue::String(std::string_view name) const {
  if (kind() != JsonKind::kString) FailExpecting(name, "a string");
  std::string decoded;
  const size_t lone = DecodeString(text(), &decoded);
  if (lone != std::string_view::npos) {
    document_->Fail(node().begin + lone, fmt::format("{} has {}, one half of a surrogate pair without the other", name,
                                                     text().substr(lone, 6)));
  }
  return decoded;
}

std::vector<JsonValue> JsonValue::Inside() const {
  std::vector<JsonValue> inside;
  for (uint32_t at = node_ + 1; at < node().next; at = document_->nodes_[at].next) {
    inside.push_back(JsonValue(document_, at));
  }
  return inside;
}

std::vector<JsonValue> JsonValue::Array(std::string_view name) const {
  if (kind() != JsonKind::kArray) FailExpecting(name, "a list");
  return Inside();
}

JsonObject JsonValue::Object(std::string_view name) const {
  if (kind() != JsonKind::kObject) FailExpecting(name, "an object");
  JsonObject object(*this);
  const std::vector<JsonValue> inside = Inside();
  for (size_t i = 0; i < inside.size(); i += 2) {
    std::string key;
    if (DecodeString(inside[i].text(), &key) != std::string_view::npos) key = inside[i].text();  // no one asks for it
    object.members_.push_back({std::move(key), inside[i + 1]});
  }
  std::sort(object.members_.begin(), object.members_.end(), [](const auto& a, const auto& b) {
    return std::pair(std::string_view(a.key), a.value.node_) < std::pair(std::string_view(b.key), b.value.node_);
  });
  const auto twice = std::adjacent_find(object.members_.begin(), object.members_.end(),
                                        [](const auto& a, const auto& b) { return a.key == b.key; });
  if (twice != object.members_.end()) {
    const JsonValue second(document_, (twice + 1)->value.node_ - 1);
    second.Fail(fmt::format("the key {} is there twice", Excerpt(second.text())));
  }
  return object;
}

const JsonValue* JsonObject::Find(std::string_view key) const {
  const auto found = std::lower_bound(members_.begin(), members_.end(), key,
                                      [](const Member& member, std::string_view k) { return member.key < k; });
  return found != members_.end() && found->key == key ? &found->value : nullptr;
}

JsonValue JsonObject::At(std::string_view key) const {
  const JsonValue* value = Find(key);
  if (value == nullptr) value_.Fail(fmt::format("the key \"{}\" is missing", key));
  return *value;
}

}  // namespace dragoman
