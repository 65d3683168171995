// SPDX-License-Identifier: Apache-2.0
#include "text/segmenter.h"

#include "base/utf8.h"

namespace dragoman {

int64_t CharactersIn(std::string_view piece) {
  constexpr char32_t kSpaceMark = 0x2581;
  int64_t count = 0;
  for (size_t i = 0; i < piece.size(); i += Utf8Length(piece[i])) count += CodePointAt(piece, i) != kSpaceMark;
  return count;
}

}  // namespace dragoman
