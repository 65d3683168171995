// SPDX-License-Identifier: Apache-2.0
// Text in pictures: what can be shown of it, how wide that is, and how SVG writes it.
#ifndef DRAGOMAN_CLI_PICTURE_TEXT_H_
#define DRAGOMAN_CLI_PICTURE_TEXT_H_

#include <cstddef>
#include <string>

namespace dragoman {

// `text` as it can be shown: U+FFFD stands for what is not UTF-8 and for control characters, which would drive a
// terminal and are forbidden in XML.
std::string Printable(const std::string& text);

// What can be shown of `text`, for the inside of an element or of an attribute in double quotes.
std::string XmlText(const std::string& text);

// Columns that a terminal uses for UTF-8 `text`: two for a wide East Asian character, none for a combining mark.
size_t DisplayWidth(const std::string& text);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_PICTURE_TEXT_H_
