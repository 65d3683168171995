// SPDX-License-Identifier: Apache-2.0
// Attention weights as a picture: shaded blocks in a terminal, or an SVG file.
#ifndef DRAGOMAN_CLI_ATTENTION_PICTURE_H_
#define DRAGOMAN_CLI_ATTENTION_PICTURE_H_

#include <cstddef>
#include <string>
#include <vector>

namespace dragoman {

// Rows are target pieces, columns source pieces; weights [rows, columns] in 0 to 1.
struct AttentionPicture {
  std::vector<std::string> source, target;
  std::vector<float> weights;
  std::string title;
};

// Lines of text, shaded on a scale of 0 to 100 %, which the last line explains. When the source pieces do not fit above
// their columns within `width`, the columns are numbered and the pieces listed before; when the numbers do not fit,
// either, columns stand below each other.
std::string DrawText(const AttentionPicture& picture, size_t width);

// A complete SVG document, 40 pixels a cell, weights as shades of one colour (0 to 100 %, with a legend) and as
// tooltips.
std::string DrawSvg(const AttentionPicture& picture);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_ATTENTION_PICTURE_H_
