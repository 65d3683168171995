// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "base/counted.h"
#include "base/enum_names.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/info_text.h"
#include "cli/option_flags.h"
#include "cli/stdout.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    R"(Tells what a model's directory, a checkpoint, a run or a vocabulary holds: sizes, parameters, options, scores, licence.
Examples:
  dragoman info RUN
  dragoman info RUN/best --verify    compares every checksum and looks at every number
  dragoman info V.model              -: a vocabulary from stdin
  dragoman info RUN --json           the same for programs: docs/formats.md
What is wrong is told beside what can still be read, and makes the exit code 1. Name and licence of a model stand in its
about.json, which may be edited.)";

struct InfoFlags {
  std::string path;
  bool json = false;
  bool verify = false;
};

std::string IsPath(const std::string& path) {
  return path.empty() ? "is empty, expected a path; is a variable of your script not set?" : "";
}

// What is printed may be redirected, but not into what is looked at.
void RefuseStdoutInside(const std::string& path) {
  std::vector<InputPath> inputs = {{"PATH", path}};
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    inputs.push_back({"PATH", at->path()});
  }
  RefuseOverwriting("", "-", inputs);
}

void Info(const InfoFlags& flags) {
  const nlohmann::ordered_json found = Describe(RealFileSystem(), flags.path, flags.verify);
  RefuseStdoutInside(
      flags.path);  // not earlier: who gives a wrong path, such as /, does not wait for a walk through it
  if (flags.json) {
    std::cout << found.dump(2, ' ', /*ensure_ascii=*/false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
  } else {
    std::cout << InfoText(found);
  }
  FlushStdout();
  if (const auto count = static_cast<int64_t>(found["problems"].size()); count > 0) {
    throw FileError(flags.path, fmt::format("{}, told under \"{}\"; expected none; use another checkpoint or copy",
                                            Counted(count, "problem"), flags.json ? "problems" : "wrong"));
  }
}

}  // namespace

void AddInfoCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("info", "Show what a model, checkpoint, run or vocabulary holds");
  command->footer(kExamples);
  auto flags = std::make_shared<InfoFlags>();
  command->add_option("path", flags->path, "model directory, checkpoint, run's directory or vocabulary file")
      ->required()
      ->type_name("PATH")
      ->check(IsPath);
  const FlagRegistrar flag{command};
  flag("json", flags->json, "print one JSON object");
  flag("verify", flags->verify, "read all files: compare checksums, look for numbers that are not finite");
  command->callback([flags] { Info(*flags); });
}

}  // namespace dragoman
