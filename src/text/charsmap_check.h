// SPDX-License-Identifier: Apache-2.0
// A normaliser's precompiled_charsmap is a trie stored as an array of indices into itself, followed by the replacement
// strings it points to. SentencePiece 0.1.97 follows those indices unchecked, so they are checked here.
#ifndef DRAGOMAN_TEXT_CHARSMAP_CHECK_H_
#define DRAGOMAN_TEXT_CHARSMAP_CHECK_H_

#include <string>
#include <string_view>

namespace dragoman {

// Returns what is wrong with the blob, as a phrase for an error message, or "" when every walk that a text without
// NUL bytes can make through it stays inside it, ends, and yields valid UTF-8. An empty blob (no rules) is valid.
std::string FindCharsmapFault(std::string_view blob);

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_CHARSMAP_CHECK_H_
