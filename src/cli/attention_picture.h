// SPDX-License-Identifier: Apache-2.0
// Attention weights as a picture: shaded blocks in a terminal, or an SVG file.
#ifndef DRAGOMAN_CLI_ATTENTION_PICTURE_H_
#define DRAGOMAN_CLI_ATTENTION_PICTURE_H_

#include <span>
#include <string>
#include <vector>

namespace dragoman {

// Rows are target pieces, columns source pieces; weights [rows, columns] in 0 to 1.
struct AttentionPicture {
  std::vector<std::string> source, target;
  std::vector<float> weights;
  std::string title;
};

// Lines of text, at most `width` columns where pieces allow it: columns are numbered, their pieces listed above.
std::string DrawText(const AttentionPicture& picture);

// A complete SVG document, 40 pixels a cell, weights as shades of one colour and as tooltips.
std::string DrawSvg(const AttentionPicture& picture);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_ATTENTION_PICTURE_H_
