// SPDX-License-Identifier: Apache-2.0
#include "text/blank.h"

#include <unicode/uchar.h>

#include "base/utf8.h"

namespace dragoman {
namespace {

// Blank, but neither space nor ignorable: their category says letter, mark, symbol or format.
bool LooksBlank(char32_t c) {
  return c == 0x2800 ||                     // braille pattern blank
         (c >= 0xFFF9 && c <= 0xFFFB) ||    // interlinear annotation
         c == 0x16FE4 ||                    // Khitan small script filler
         (c >= 0x13441 && c <= 0x13442) ||  // Egyptian hieroglyph full and half blank
         (c >= 0x13430 && c <= 0x1343F) ||  // Egyptian hieroglyph format controls
         c == 0x1D159;                      // musical symbol null notehead
}

}  // namespace

bool IsInvisible(char32_t c) {
  if (c < 0x7F) return c <= ' ';
  const auto code = static_cast<UChar32>(c);
  return u_charType(code) == U_CONTROL_CHAR || u_hasBinaryProperty(code, UCHAR_WHITE_SPACE) ||
         u_hasBinaryProperty(code, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) || LooksBlank(c);
}

bool IsBlank(std::string_view text) {
  for (size_t i = 0; i < text.size(); i += Utf8Length(text[i])) {
    if (!IsInvisible(CodePointAt(text, i))) return false;
  }
  return true;
}

}  // namespace dragoman
