// SPDX-License-Identifier: Apache-2.0
// What a reader sees nothing of: the one rule, everywhere, for which lines are empty.
#ifndef DRAGOMAN_TEXT_BLANK_H_
#define DRAGOMAN_TEXT_BLANK_H_

#include <string_view>

namespace dragoman {

// True for spaces of every width, controls, and characters that are there for their neighbours only (joiners,
// directions, variations, fillers, soft hyphens). Source: Unicode's properties White_Space and
// Default_Ignorable_Code_Point, category Cc, and the few that look blank without having these.
bool IsInvisible(char32_t c);

// True when all characters of valid UTF-8 are invisible; so of an empty text.
bool IsBlank(std::string_view text);

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_BLANK_H_
