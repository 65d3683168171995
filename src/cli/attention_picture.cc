// SPDX-License-Identifier: Apache-2.0
#include "cli/attention_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "cli/picture_text.h"

namespace dragoman {
namespace {

// A piece as it can be shown: SentencePiece's mark of a word's beginning as a plain low line, which every font has.
std::string Shown(std::string piece) {
  constexpr std::string_view kWordMark = "\u2581";
  for (size_t at = 0; (at = piece.find(kWordMark, at)) != std::string::npos;) piece.replace(at, kWordMark.size(), "_");
  return Printable(piece);
}

std::vector<std::string> Shown(const std::vector<std::string>& pieces) {
  std::vector<std::string> shown;
  for (const std::string& piece : pieces) shown.push_back(Shown(piece));
  return shown;
}

std::string Padded(const std::string& text, size_t width) {
  const size_t used = DisplayWidth(text);
  return (used < width ? std::string(width - used, ' ') : "") + text;
}

size_t WidestOf(const std::vector<std::string>& pieces) {
  size_t widest = 0;
  for (const std::string& piece : pieces) widest = std::max(widest, DisplayWidth(piece));
  return widest;
}

std::vector<size_t> ColumnWidths(const std::vector<std::string>& heads) {
  std::vector<size_t> widths;
  for (const std::string& head : heads) widths.push_back(std::max<size_t>(3, DisplayWidth(head)));
  return widths;
}

// Of a weight, whatever the others of the picture are: the nearest quarter of 100 %.
constexpr std::array<const char*, 5> kShades = {" ", "░", "▒", "▓", "█"};

const char* ShadeOf(float weight) {
  return kShades[static_cast<size_t>(std::lround(std::clamp(weight, 0.0f, 1.0f) * (kShades.size() - 1)))];
}

size_t TableWidth(size_t label, const std::vector<size_t>& widths) {
  size_t total = label;
  for (const size_t width : widths) total += 1 + width;
  return total;
}

// "1 _The  2 _cat ...", as many a line as fit.
std::string NumberedList(const std::vector<std::string>& pieces, size_t width) {
  std::string list;
  size_t used = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const std::string entry = fmt::format("{} {}", i + 1, pieces[i]);
    const size_t size = DisplayWidth(entry) + 2;
    if (used > 0 && used + size > width) {
      list += "\n";
      used = 0;
    }
    list += (used > 0 ? "  " : "") + entry;
    used += size;
  }
  return list + "\n";
}

// A picture as it is to be written: heads[i] above a column of widths[i], labels before the rows.
struct TextTable {
  std::vector<std::string> heads, labels;
  std::vector<size_t> widths;
  std::vector<float> weights;  // [labels, heads]
};

// Columns begin to end - 1.
std::string DrawColumns(const TextTable& table, size_t begin, size_t end) {
  const size_t label = WidestOf(table.labels);
  std::string text(label, ' ');
  for (size_t col = begin; col < end; ++col) text += " " + Padded(table.heads[col], table.widths[col]);
  text += "\n";
  for (size_t row = 0; row < table.labels.size(); ++row) {
    text += Padded(table.labels[row], label);
    for (size_t col = begin; col < end; ++col) {
      text += " ";
      for (size_t i = 0; i < table.widths[col]; ++i) text += ShadeOf(table.weights[row * table.heads.size() + col]);
    }
    text += "\n";
  }
  return text;
}

constexpr int kCell = 40;  // pixels
constexpr int kScale = 5 * kCell;
constexpr char kColour[] = "#1f4e9c";  // of a weight of 100 %; none is transparent

// Which shade stands for what, the same in every picture.
std::string SvgLegend(int left, int top) {
  std::string svg = fmt::format(
      "<defs><linearGradient id=\"scale\"><stop stop-color=\"{0}\" stop-opacity=\"0\"/>"
      "<stop offset=\"1\" stop-color=\"{0}\"/></linearGradient></defs>\n"
      "<rect x=\"{1}\" y=\"{2}\" width=\"{3}\" height=\"12\" fill=\"url(#scale)\" stroke=\"#d0d0d0\"/>\n",
      kColour, left, top, kScale);
  for (const int percent : {0, 25, 50, 75, 100}) {
    svg += fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"11\" text-anchor=\"middle\">{} %</text>\n",
                       left + kScale * percent / 100, top + 28, percent);
  }
  return svg;
}

}  // namespace

std::string DrawText(const AttentionPicture& picture, size_t width) {
  TextTable table = {Shown(picture.source), Shown(picture.target), {}, picture.weights};
  std::string text = picture.title + "\n";
  const size_t label = WidestOf(table.labels);
  if (TableWidth(label, ColumnWidths(table.heads)) > width) {
    text += NumberedList(table.heads, width);
    for (size_t i = 0; i < table.heads.size(); ++i) table.heads[i] = std::to_string(i + 1);
  }
  table.widths = ColumnWidths(table.heads);
  for (size_t begin = 0; begin < table.heads.size();) {
    size_t end = begin, used = label;
    while (end < table.heads.size() && (end == begin || used + 1 + table.widths[end] <= width)) {
      used += 1 + table.widths[end++];
    }
    text += DrawColumns(table, begin, end);
    begin = end;
  }
  return text + "A row shows where the model looked while it wrote that piece: ░ 25 %, ▒ 50 %, ▓ 75 %, █ 100 %\n";
}

std::string DrawSvg(const AttentionPicture& picture) {
  constexpr int kColumn = 9;  // pixels of one terminal column, about
  const std::vector<std::string> heads = Shown(picture.source), labels = Shown(picture.target);
  const int left = 20 + kColumn * static_cast<int>(WidestOf(labels));
  const int top = 50 + kColumn * static_cast<int>(WidestOf(heads));
  const int bottom = top + kCell * static_cast<int>(labels.size());
  const int right = left + std::max(kScale, kCell * static_cast<int>(heads.size()));
  const int width = std::max(right, kColumn * static_cast<int>(DisplayWidth(picture.title))) + 20;
  const int height = bottom + 60;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" font-size=\"14\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"10\" y=\"24\" font-size=\"15\">{2}</text>\n",
      width, height, XmlText(picture.title));
  for (size_t col = 0; col < heads.size(); ++col) {
    const int x = left + kCell * static_cast<int>(col) + kCell / 2 + 5;
    svg += fmt::format("<text x=\"{0}\" y=\"{1}\" transform=\"rotate(-90 {0} {1})\">{2}</text>\n", x, top - 8,
                       XmlText(heads[col]));
  }
  for (size_t row = 0; row < labels.size(); ++row) {
    const int y = top + kCell * static_cast<int>(row);
    svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", left - 8, y + kCell / 2 + 5,
                       XmlText(labels[row]));
    for (size_t col = 0; col < heads.size(); ++col) {
      const float weight = picture.weights[row * heads.size() + col];
      svg += fmt::format(
          "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" fill-opacity=\"{:.3f}\" "
          "stroke=\"#d0d0d0\"><title>{} → {}: {:.1f} %</title></rect>\n",
          left + kCell * static_cast<int>(col), y, kCell, kCell, kColour, weight, XmlText(labels[row]),
          XmlText(heads[col]), weight * 100);
    }
  }
  return svg + SvgLegend(left, bottom + 20) + "</svg>\n";
}

}  // namespace dragoman
