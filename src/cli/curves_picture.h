// SPDX-License-Identifier: Apache-2.0
// How trainings went, as an SVG picture: losses above, a score of validation below, over minutes.
#ifndef DRAGOMAN_CLI_CURVES_PICTURE_H_
#define DRAGOMAN_CLI_CURVES_PICTURE_H_

#include <string>
#include <vector>

#include "cli/training_log.h"

namespace dragoman {

struct CurvesPicture {
  struct Run {
    std::string name;
    TrainingLog log;
  };
  struct Line {  // to be compared with
    std::string label;
    double value;  // of the score
  };
  std::string title;
  std::string score;  // its name: "BLEU"
  std::vector<Run> runs;
  std::vector<Line> lines;
};

// A complete SVG document without scripts and fonts. A run has a colour (which people who are colour-blind can tell
// apart) and a shape; the loss in training is a thin line, validation one with points. The lower panel is left out when
// no run has a score. A long log is drawn by a few hundred means.
std::string DrawSvg(const CurvesPicture& picture);

// What an axis shows that has numbers from `least` to `most`: round numbers, `count` parts or a few less, the first no
// more than `least`, the last no less than `most`.
struct Axis {
  double first = 0, step = 1;
  int parts = 1;
  double last() const { return first + step * parts; }
  std::string Label(int tick) const;  // 0…parts
};
Axis RoundAxis(double least, double most, int count);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_CURVES_PICTURE_H_
