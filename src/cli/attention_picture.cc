// SPDX-License-Identifier: Apache-2.0
#include "cli/attention_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "text/utf8.h"

namespace dragoman {
namespace {

// Columns that a terminal uses for `text`: two for East Asian wide characters (Unicode 15, EastAsianWidth W and F, by
// blocks).
size_t DisplayWidth(const std::string& text) {
  size_t width = 0;
  for (size_t i = 0; i < text.size(); i += Utf8Length(text[i])) {
    uint32_t code = static_cast<unsigned char>(text[i]);
    if (const size_t length = Utf8Length(text[i]); length > 1) {
      code &= 0xFFu >> (length + 1);
      for (size_t j = 1; j < length && i + j < text.size(); ++j) code = code << 6 | (static_cast<unsigned char>(text[i + j]) & 0x3Fu);
    }
    const bool wide = (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
                      (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
                      (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
                      (code >= 0xFFE0 && code <= 0xFFE6) || (code >= 0x1F300 && code <= 0x1FAFF) ||
                      (code >= 0x20000 && code <= 0x3FFFD);
    width += wide ? 2 : 1;
  }
  return width;
}

std::string Padded(const std::string& text, size_t width) {
  const size_t used = DisplayWidth(text);
  return (used < width ? std::string(width - used, ' ') : "") + text;
}

std::string EscapeXml(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

size_t WidestOf(const std::vector<std::string>& pieces) {
  size_t widest = 0;
  for (const std::string& piece : pieces) widest = std::max(widest, DisplayWidth(piece));
  return widest;
}

}  // namespace

std::string DrawText(const AttentionPicture& picture) {
  constexpr std::array<const char*, 5> kShades = {" ", "░", "▒", "▓", "█"};
  const size_t label = WidestOf(picture.target);
  std::string text = picture.title + "\n" + std::string(label, ' ');
  std::vector<size_t> widths;
  for (const std::string& piece : picture.source) {
    widths.push_back(std::max<size_t>(3, DisplayWidth(piece)));
    text += " " + Padded(piece, widths.back());
  }
  text += "\n";
  for (size_t row = 0; row < picture.target.size(); ++row) {
    text += Padded(picture.target[row], label);
    for (size_t col = 0; col < picture.source.size(); ++col) {
      const float weight = std::clamp(picture.weights[row * picture.source.size() + col], 0.0f, 1.0f);
      const auto shade = static_cast<size_t>(std::lround(weight * 4));
      text += " ";
      for (size_t i = 0; i < widths[col]; ++i) text += kShades[shade];
    }
    text += "\n";
  }
  return text + std::string(label, ' ') + " a row shows where the model looked while writing that piece: ░ a little … █ only here\n";
}

std::string DrawSvg(const AttentionPicture& picture) {
  constexpr int kCell = 40;
  const int left = 20 + 9 * static_cast<int>(WidestOf(picture.target));
  const int top = 50 + 9 * static_cast<int>(WidestOf(picture.source));
  const int width = left + kCell * static_cast<int>(picture.source.size()) + 20;
  const int height = top + kCell * static_cast<int>(picture.target.size()) + 20;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" font-size=\"14\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"10\" y=\"24\" font-size=\"15\">{2}</text>\n",
      width, height, EscapeXml(picture.title));
  for (size_t col = 0; col < picture.source.size(); ++col) {
    const int x = left + kCell * static_cast<int>(col) + kCell / 2 + 5;
    svg += fmt::format("<text x=\"{0}\" y=\"{1}\" transform=\"rotate(-90 {0} {1})\">{2}</text>\n", x, top - 8,
                       EscapeXml(picture.source[col]));
  }
  for (size_t row = 0; row < picture.target.size(); ++row) {
    const int y = top + kCell * static_cast<int>(row);
    svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", left - 8, y + kCell / 2 + 5,
                       EscapeXml(picture.target[row]));
    for (size_t col = 0; col < picture.source.size(); ++col) {
      const float weight = picture.weights[row * picture.source.size() + col];
      svg += fmt::format(
          "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"#1f4e9c\" fill-opacity=\"{:.3f}\" "
          "stroke=\"#d0d0d0\"><title>{} → {}: {:.1f} %</title></rect>\n",
          left + kCell * static_cast<int>(col), y, kCell, kCell, weight, EscapeXml(picture.target[row]),
          EscapeXml(picture.source[col]), weight * 100);
    }
  }
  return svg + "</svg>\n";
}

}  // namespace dragoman
