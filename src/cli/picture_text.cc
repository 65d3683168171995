// SPDX-License-Identifier: Apache-2.0
#include "cli/picture_text.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <cstdint>

namespace dragoman {
namespace {

// Calls visit(code point, its bytes) for each character; U+FFFD stands for what is not UTF-8.
template <class Visitor>
void ForEachCharacter(const std::string& text, Visitor&& visit) {
  const auto size = static_cast<int32_t>(text.size());
  for (int32_t i = 0; i < size;) {
    const int32_t begin = i;
    UChar32 code = 0;
    U8_NEXT(text.data(), i, size, code);  // a macro of ICU that moves i on
    if (code >= 0) {
      visit(code, text.substr(static_cast<size_t>(begin), static_cast<size_t>(i - begin)));
    } else {
      visit(UChar32{0xFFFD}, std::string("\xEF\xBF\xBD"));
    }
  }
}

std::string EscapeXml(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string Printable(const std::string& text) {
  std::string shown;
  ForEachCharacter(text, [&](UChar32 code, const std::string& bytes) {
    const bool is_noncharacter = (code & 0xFFFE) == 0xFFFE;
    shown += u_charType(code) == U_CONTROL_CHAR || is_noncharacter ? "\xEF\xBF\xBD" : bytes;
  });
  return shown;
}

std::string XmlText(const std::string& text) { return EscapeXml(Printable(text)); }

size_t DisplayWidth(const std::string& text) {
  size_t width = 0;
  ForEachCharacter(text, [&](UChar32 code, const std::string&) {
    const auto east_asian = u_getIntPropertyValue(code, UCHAR_EAST_ASIAN_WIDTH);
    const auto type = u_charType(code);
    const bool is_mark = type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || type == U_FORMAT_CHAR;
    width += is_mark ? 0 : east_asian == U_EA_WIDE || east_asian == U_EA_FULLWIDTH ? 2 : 1;
  });
  return width;
}

}  // namespace dragoman
