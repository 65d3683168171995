// SPDX-License-Identifier: Apache-2.0
#include "cli/curves_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include "cli/picture_text.h"

namespace dragoman {
namespace {

// Pixels.
constexpr double kLeft = 56, kPanelWidth = 600, kPanelHeight = 190, kRight = 24;
constexpr double kPanelGap = 64;  // for the upper panel's numbers and the lower one's title
constexpr double kRow = 20;       // of the legend
constexpr double kSample = 26;    // a piece of a line in it
constexpr double kLabelStep = 17;
constexpr double kColumn = 7.4;  // of text of 13 pixels, about

constexpr char kInk[] = "#333333", kQuiet[] = "#666666", kGrid[] = "#e4e4e4";
// Okabe & Ito's colours, without those that are too light for thin lines; then they come again.
constexpr std::array<const char*, 6> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#000000"};

constexpr size_t kMostPoints = 400;  // of a line; a panel has 600 pixels
constexpr size_t kMostMarks = 60;

double WidthOf(const std::string& text) { return kColumn * static_cast<double>(DisplayWidth(Printable(text))); }

std::string TextAt(double x, double y, const std::string& text, const char* attributes = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\"{}>{}</text>\n", x, y, attributes, XmlText(text));
}

std::string LineFrom(double x1, double y1, double x2, double y2, const std::string& attributes) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>\n", x1, y1, x2, y2,
                     attributes);
}

// The points, or means of as many neighbours as make them few.
std::vector<LogPoint> Thinned(const std::vector<LogPoint>& points) {
  const size_t group = (points.size() + kMostPoints - 1) / kMostPoints;
  if (group <= 1) return points;
  std::vector<LogPoint> thinned;
  for (size_t begin = 0; begin < points.size(); begin += group) {
    const size_t end = std::min(points.size(), begin + group);
    const auto count = static_cast<double>(end - begin);
    LogPoint mean{.step = points[end - 1].step};
    for (size_t i = begin; i < end; ++i) {
      mean.minutes += points[i].minutes / count;
      mean.value += points[i].value / count;
    }
    thinned.push_back(mean);
  }
  return thinned;
}

// A mark at a point, of one shape for each run: circle, square, triangle, diamond.
std::string Mark(size_t run, double x, double y, const std::string& inside = "") {
  const std::string fill =
      fmt::format("fill=\"{}\" stroke=\"white\" stroke-width=\"0.8\"", kColours[run % kColours.size()]);
  const std::string end = inside.empty() ? "/>\n" : ">" + inside + "</path>\n";
  constexpr std::array<const char*, 4> kShapes = {"m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z",
                                                  "m-3.2 -3.2h6.4v6.4h-6.4z", "m0 -4.4l4.2 7.4h-8.4z",
                                                  "m0 -4.6l4.6 4.6l-4.6 4.6l-4.6 -4.6z"};
  return fmt::format("<path d=\"M{:.1f} {:.1f}{}\" {}{}", x, y, kShapes[run % kShapes.size()], fill, end);
}

// The inside of axes.
struct Panel {
  double top, height, minutes;
  Axis axis;

  double bottom() const { return top + height; }
  double X(double at) const { return kLeft + kPanelWidth * at / minutes; }
  double Y(double value) const { return bottom() - height * (value - axis.first) / (axis.last() - axis.first); }
};

// Round numbers, fewer where they are long.
Axis TimeAxis(double minutes) { return RoundAxis(0, minutes, 8); }

std::string DrawAxes(const Panel& panel, const std::string& title) {
  std::string svg = TextAt(kLeft, panel.top - 12, title, " font-weight=\"bold\"");
  const double right = kLeft + kPanelWidth;
  for (int tick = 0; tick <= panel.axis.parts; ++tick) {
    const double y = panel.Y(panel.axis.first + panel.axis.step * tick);
    svg += LineFrom(kLeft, y, right, y, fmt::format("stroke=\"{}\"", tick == 0 ? kQuiet : kGrid));
    svg += TextAt(kLeft - 8, y + 4, panel.axis.Label(tick), " class=\"n\" text-anchor=\"end\"");
  }
  const Axis time = TimeAxis(panel.minutes);
  for (int tick = 0; tick <= time.parts; ++tick) {
    const double at = time.first + time.step * tick;
    if (at > panel.minutes * (1 + 1e-9)) break;
    svg += LineFrom(panel.X(at), panel.bottom(), panel.X(at), panel.bottom() + 5, fmt::format("stroke=\"{}\"", kQuiet));
    svg += TextAt(panel.X(at), panel.bottom() + 19, time.Label(tick), " class=\"n\" text-anchor=\"middle\"");
  }
  return svg;
}

std::string DrawLine(const Panel& panel, size_t run, const std::vector<LogPoint>& points, const char* attributes) {
  if (points.empty()) return "";
  std::string path;
  for (const LogPoint& point : Thinned(points)) {
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", panel.X(point.minutes), panel.Y(point.value));
  }
  if (points.size() == 1) path += "h0.1";  // whose round ends make it a dot
  return fmt::format(
      "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-linejoin=\"round\" stroke-linecap=\"round\" {}/>\n", path,
      kColours[run % kColours.size()], attributes);
}

constexpr char kThin[] = "stroke-width=\"1.4\" stroke-opacity=\"0.55\"", kThick[] = "stroke-width=\"2\"";

std::string DrawPoints(const Panel& panel, size_t run, const std::vector<LogPoint>& points) {
  std::string svg = DrawLine(panel, run, points, kThick);
  if (points.size() > kMostMarks) return svg;
  for (const LogPoint& point : points) {
    svg += Mark(run, panel.X(point.minutes), panel.Y(point.value),
                fmt::format("<title>{:.1f} minutes, step {}: {:.4g}</title>", point.minutes, point.step, point.value));
  }
  return svg;
}

// Where labels stand that want to be at `wanted`, in rising order: kLabelStep apart at least, between `first` and
// `last` as far as they have room there, and else as near as can be to what they want (in least squares: neighbours
// that would overlap become a block, which stands at the mean of its wishes).
std::vector<double> SpreadLabels(const std::vector<double>& wanted, double first, double last) {
  struct Block {
    double sum = 0;  // of wishes, less the steps above
    double count = 0;
    double mean() const { return sum / count; }
  };
  std::vector<Block> blocks;
  for (size_t i = 0; i < wanted.size(); ++i) {
    blocks.push_back({wanted[i] - kLabelStep * static_cast<double>(i), 1});
    while (blocks.size() > 1 && blocks[blocks.size() - 2].mean() > blocks.back().mean()) {
      blocks[blocks.size() - 2].sum += blocks.back().sum;
      blocks[blocks.size() - 2].count += blocks.back().count;
      blocks.pop_back();
    }
  }
  const double limit = std::max(first, last - kLabelStep * static_cast<double>(wanted.size() - 1));
  std::vector<double> at;
  for (const Block& block : blocks) {
    for (double i = 0; i < block.count; ++i) {
      at.push_back(std::clamp(block.mean(), first, limit) + kLabelStep * static_cast<double>(at.size()));
    }
  }
  return at;
}

// Lines at their values, with their labels at the right.
std::string DrawLines(const Panel& panel, std::vector<CurvesPicture::Line> lines) {
  std::ranges::stable_sort(lines, [](const auto& a, const auto& b) { return a.value > b.value; });
  std::vector<double> wanted;
  for (const CurvesPicture::Line& line : lines) wanted.push_back(panel.Y(line.value));
  const std::vector<double> at = SpreadLabels(wanted, panel.top + kLabelStep / 2, panel.bottom() - kLabelStep / 2);
  std::string svg;
  const double right = kLeft + kPanelWidth;
  for (size_t i = 0; i < lines.size(); ++i) {
    const double y = panel.Y(lines[i].value);
    svg += LineFrom(kLeft, y, right, y, fmt::format("stroke=\"{}\" stroke-dasharray=\"7 4\"", kQuiet));
    svg += fmt::format("<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}h4\" fill=\"none\" stroke=\"{}\"/>\n", right, y,
                       right + 14, at[i], kQuiet);
    svg += TextAt(right + 22, at[i] + 4.5, lines[i].label);
  }
  return svg;
}

// The least and the greatest of numbers.
struct Range {
  double least = HUGE_VAL, most = -HUGE_VAL;
  void Add(double number) {
    least = std::min(least, number);
    most = std::max(most, number);
  }
  void Add(const std::vector<LogPoint>& points) {
    for (const LogPoint& point : points) Add(point.value);
  }
  Axis Round() const { return least <= most ? RoundAxis(least, most, 5) : RoundAxis(0, 1, 5); }
};

struct LegendEntry {
  std::string text, sample;  // the sample is drawn at the middle of its left edge
  double width() const { return kSample + 8 + WidthOf(text) + 22; }
};

std::vector<LegendEntry> LegendOf(const CurvesPicture& picture) {
  const auto line = [](const char* colour, const char* attributes) {
    return LineFrom(0, 0, kSample, 0, fmt::format("stroke=\"{}\" {}", colour, attributes));
  };
  const bool is_alone = picture.runs.size() == 1;
  std::vector<LegendEntry> entries;
  for (size_t i = 0; i < picture.runs.size() && !is_alone; ++i) {
    entries.push_back({picture.runs[i].name, line(kColours[i % kColours.size()], kThick) + Mark(i, kSample / 2, 0)});
  }
  const char* colour = is_alone ? kColours[0] : kQuiet;
  entries.push_back({"in training", line(colour, kThin)});
  entries.push_back({"in validation", line(colour, kThick) + (is_alone ? Mark(0, kSample / 2, 0) : "")});
  return entries;
}

// Rows from `top` on, as wide as the panels. Returns where the last one ends.
double DrawLegend(const std::vector<LegendEntry>& entries, double top, std::string* svg) {
  double x = kLeft, y = top;
  for (const LegendEntry& entry : entries) {
    if (x > kLeft && x + entry.width() > kLeft + kPanelWidth + 22) {
      x = kLeft;
      y += kRow;
    }
    *svg += fmt::format("<g transform=\"translate({:.1f} {:.1f})\">\n{}</g>\n", x, y, entry.sample);
    *svg += TextAt(x + kSample + 8, y + 4.5, entry.text);
    x += entry.width();
  }
  return y + kRow / 2;
}

double MinutesOf(const CurvesPicture& picture) {
  double minutes = 0;
  for (const CurvesPicture::Run& run : picture.runs) {
    for (const auto* points : {&run.log.training, &run.log.validation, &run.log.scores}) {
      for (const LogPoint& point : *points) minutes = std::max(minutes, point.minutes);
    }
  }
  return minutes > 0 ? minutes : 1;
}

Panel LossPanel(const CurvesPicture& picture, double top) {
  Range range;
  for (const CurvesPicture::Run& run : picture.runs) {
    range.Add(run.log.training);
    range.Add(run.log.validation);
  }
  return {top, kPanelHeight, MinutesOf(picture), range.Round()};
}

// As high as its labels want it.
Panel ScorePanel(const CurvesPicture& picture, double top) {
  Range range;
  for (const CurvesPicture::Run& run : picture.runs) range.Add(run.log.scores);
  for (const CurvesPicture::Line& line : picture.lines) range.Add(line.value);
  const double height = std::max(kPanelHeight, kLabelStep * static_cast<double>(picture.lines.size()));
  return {top, height, MinutesOf(picture), range.Round()};
}

double WidthOf(const CurvesPicture& picture) {
  double right = kRight;
  for (const CurvesPicture::Line& line : picture.lines) {
    right = std::max(right, 22 + WidthOf(line.label) + kRight);
  }
  double width = kLeft + kPanelWidth + right;
  for (const LegendEntry& entry : LegendOf(picture)) width = std::max(width, kLeft + entry.width());
  return std::max(width, kLeft + WidthOf(picture.title) * 16 / 13 + kRight);
}

// "23.5", with as many digits as the step asks for.
std::string AxisText(double number, double step) {
  if (std::abs(number) < step / 2) number = 0;  // not -0.0
  if (std::max(std::abs(number), step) >= 1e7 || step < 1e-5) return fmt::format("{:.4g}", number);
  const int digits = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  return fmt::format("{:.{}f}", number, digits);
}

}  // namespace

std::string Axis::Label(int tick) const { return AxisText(first + step * tick, step); }

Axis RoundAxis(double least, double most, int count) {
  if (!(most - least > 1e-9 * std::max(std::abs(least), std::abs(most)))) {  // one number
    const double room = most == 0 ? 1 : std::abs(most) / 10;
    least -= room;
    most += room;
  }
  const double rough = (most - least) / count, power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0, 10.0, 20.0}) {
    Axis axis{.step = factor * power};
    axis.first = std::floor(least / axis.step + 1e-9) * axis.step;
    axis.parts = std::max(1, static_cast<int>(std::ceil((most - axis.first) / axis.step - 1e-9)));
    if (axis.parts <= count) return axis;
  }
  return {.first = least, .step = most - least, .parts = 1};
}

std::string DrawSvg(const CurvesPicture& picture) {
  std::string inside = TextAt(kLeft, 30, picture.title, " font-size=\"16\" font-weight=\"bold\"");
  const double legend_end = DrawLegend(LegendOf(picture), 56, &inside);
  const Panel loss = LossPanel(picture, legend_end + 34), score = ScorePanel(picture, loss.bottom() + kPanelGap);
  const bool has_score = std::ranges::any_of(picture.runs, [](const auto& run) { return !run.log.scores.empty(); });
  inside += DrawAxes(loss, "loss, nats per target token");
  if (has_score) {
    inside += DrawAxes(score, picture.score + " in validation");
    inside += DrawLines(score, picture.lines);
  }
  for (size_t i = 0; i < picture.runs.size(); ++i) {
    const TrainingLog& log = picture.runs[i].log;
    inside += DrawLine(loss, i, log.training, kThin) + DrawPoints(loss, i, log.validation);
    if (has_score) inside += DrawPoints(score, i, log.scores);
  }
  const double bottom = (has_score ? score : loss).bottom();
  inside += TextAt(kLeft + kPanelWidth / 2, bottom + 40, "minutes of training", " text-anchor=\"middle\"");
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "font-family=\"sans-serif\" font-size=\"13\" fill=\"{2}\">\n<title>{3}</title>\n"
      "<style>.n{{font-size:12px;fill:{4}}}</style>\n<rect width=\"100%\" height=\"100%\" "
      "fill=\"white\"/>\n{5}</svg>\n",
      std::ceil(WidthOf(picture)), bottom + 56, kInk, XmlText(picture.title), kQuiet, inside);
}

}  // namespace dragoman
