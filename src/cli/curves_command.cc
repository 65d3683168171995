// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "cli/commands.h"
#include "cli/curves_picture.h"
#include "cli/option_flags.h"
#include "cli/stdout.h"
#include "cli/training_log.h"
#include "format/model_directory.h"
#include "train/run_files.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    R"(Draws how trainings went, from their train.jsonl: the loss in training and validation, and below it a score of
validation, over minutes of training. A run that was resumed is one curve.
Examples:
  dragoman curves RUN --output curves.svg
  dragoman curves small/seed-1 small/seed-2 --output curves.svg --title "two seeds"
  dragoman curves RUN --output curves.svg --score chrf --line "Transformer (2017)=61.2")";

struct CurvesFlags {
  std::vector<std::string> runs;
  std::string output, title;
  std::string score;               // "": that of the first run
  std::vector<std::string> lines;  // "NAME=VALUE"
};

CurvesPicture::Line ParseLine(const std::string& text) {
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0) {
    throw OptionError(fmt::format("--line is \"{}\", expected NAME=VALUE, such as 'Transformer=38.3'", text));
  }
  const std::string name = text.substr(0, equals), value = text.substr(equals + 1);
  CurvesPicture::Line line{.label = name + " " + value, .value = 0};
  ParseValue("the value of --line " + name, value, &line.value);
  if (line.value < 0 || line.value > 100) {
    throw OptionError(fmt::format("the value of --line {} is {}, expected a score, 0 to 100", name, value));
  }
  return line;
}

std::string NameOfScore(ValidationScore score) {
  switch (score) {
    case ValidationScore::kBleu:
      return "BLEU";
    case ValidationScore::kChrf:
      return "chrF";
    case ValidationScore::kRougeL:
      return "ROUGE-L";
    case ValidationScore::kExactMatch:
      break;
  }
  return "exact match, %";
}

std::vector<std::string> PartsOf(const std::string& path) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end = 0; end != std::string::npos; begin = end + 1) {
    end = path.find('/', begin);
    const std::string part = path.substr(begin, end == std::string::npos ? end : end - begin);
    if (!part.empty() && part != ".") parts.push_back(part);
  }
  return parts;
}

// What tells runs apart: their paths without what all begin and end with, "a/seed-1/run", "a/seed-2/run" → "seed-1",
// "seed-2". Of a run by itself the last part.
std::vector<std::string> NamesOfRuns(const std::vector<std::string>& runs) {
  std::vector<std::vector<std::string>> paths;
  for (const std::string& run : runs) paths.push_back(PartsOf(run));
  // The same part in all, and each keeps one at least.
  const auto is_common = [&](auto part_of) {
    return std::ranges::all_of(paths,
                               [&](const auto& path) { return path.size() > 1 && part_of(path) == part_of(paths[0]); });
  };
  const auto first = [](const auto& path) { return path.front(); };
  const auto last = [](const auto& path) { return path.back(); };
  if (paths.size() == 1 && !paths[0].empty()) paths[0].erase(paths[0].begin(), paths[0].end() - 1);
  while (is_common(last)) {
    for (auto& path : paths) path.pop_back();
  }
  while (is_common(first)) {
    for (auto& path : paths) path.erase(path.begin());
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < runs.size(); ++i) {
    const std::string name = fmt::format("{}", fmt::join(paths[i], "/"));
    names.push_back(name.empty() ? runs[i] : name);
  }
  return names;
}

void CheckFiles(const CurvesFlags& flags) {
  std::vector<InputPath> inputs;
  for (const std::string& run : flags.runs) {
    if (std::ranges::count(flags.runs, run) > 1) {
      throw OptionError(fmt::format("RUN is \"{}\" twice, expected each run once", run));
    }
    for (const char* name : {kRunLogFile, kRunConfigFile, kCorpusFile, kTensorBoardDirectory, kLockFile, kLastLink,
                             kBestLink, kAveragedDirectory}) {
      inputs.push_back({"RUN", JoinPath(run, name)});
    }
  }
  RefuseOverwriting("--output", flags.output, inputs);
}

void Draw(const CurvesFlags& flags) {
  FileSystem& files = RealFileSystem();
  CurvesPicture picture;
  for (const std::string& line : flags.lines) picture.lines.push_back(ParseLine(line));
  ValidationScore score{};
  if (!flags.score.empty()) ParseValue("--score", flags.score, &score);
  CheckFiles(flags);
  if (flags.score.empty()) score = ScoreOfRun(files, flags.runs[0]);
  picture.score = NameOfScore(score);
  const std::vector<std::string> names = NamesOfRuns(flags.runs);
  for (size_t i = 0; i < flags.runs.size(); ++i) {
    picture.runs.push_back({names[i], ReadTrainingLog(files, flags.runs[i], score)});
    const TrainingLog& log = picture.runs.back().log;
    if (log.training.empty() && log.validation.empty()) {
      throw FileError(JoinPath(flags.runs[i], kRunLogFile),
                      "holds no loss yet, expected records of a training; wait for the first of them");
    }
  }
  const bool has_score = std::ranges::any_of(picture.runs, [](const auto& run) { return !run.log.scores.empty(); });
  if (!has_score && (!flags.lines.empty() || !flags.score.empty())) {
    throw OptionError(fmt::format(
        "{} {}: no validation in {} has that score, expected one at least; give another "
        "--score, or none and no --line",
        flags.score.empty() ? "--line with --score" : "--score", EnumName(score), fmt::join(flags.runs, ", ")));
  }
  picture.title = flags.title.empty() ? fmt::format("{}", fmt::join(names, ", ")) : flags.title;
  if (flags.output != kStdoutPath) return WriteFileAtomically(files, flags.output, DrawSvg(picture));
  std::cout << DrawSvg(picture);
  FlushStdout();
}

}  // namespace

void AddCurvesCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("curves", "Draw how trainings went: loss and score over time, as SVG");
  command->footer(kExamples);
  auto flags = std::make_shared<CurvesFlags>();
  command->add_option("runs", flags->runs, "directories of runs (train's --output)")->required()->type_name("RUN");
  command->add_option("--output", flags->output, "the picture; -: stdout")->required()->type_name("FILE");
  command
      ->add_option("--score", flags->score,
                   "what the lower panel shows: " + EnumChoices<ValidationScore>() +
                       "; default: what the first run's --metric is, of --metric loss bleu")
      ->type_name(kWordType);
  command
      ->add_option("--line", flags->lines,
                   "a dashed line in the lower panel, to compare with, and its label; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  const FlagRegistrar flag{command};
  flag("title", flags->title, "of the picture (default: the names of the runs)");
  command->callback([flags] { Draw(*flags); });
}

}  // namespace dragoman
