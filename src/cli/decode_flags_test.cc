// SPDX-License-Identifier: Apache-2.0
#include "cli/decode_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/option_flags.h"
#include "decode/options_testing.h"

namespace dragoman {
namespace {

DecodeOptions Parsed(const std::vector<std::string>& args) {
  CLI::App app;
  DecodeOptions options;
  AddDecodeFlags(app, &options);
  app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  return options;
}

// As a person would give it.
std::vector<std::string> FlagOf(const std::string& key, const DecodeOptions& options) {
  std::vector<std::string> args;
  ForEachDecodeOption(options, [&](const char* name, const auto& field, const char*) {
    if (key != name) return;
    args.push_back(FlagName(key));
    if (ValueText(field) != "true") args.push_back(ValueText(field));
  });
  return args;
}

TEST(DecodeFlagsTest, EveryFieldOfTheListButNBestIsAFlag) {
  for (auto [key, options] : EachDecodeOptionChanged()) {
    std::vector<std::string> args = FlagOf(key, options);
    if (key == "line_form") args = {"--ids"};
    if (key == "n_best") {
      EXPECT_THROW(Parsed(args), CLI::ParseError) << "the commands that have it add it";
      continue;
    }
    const bool is_of_sampling = key == "temperature" || key == "top_k" || key == "top_p" || key == "seed";
    if (is_of_sampling) {
      EXPECT_THROW(Parsed(args), CLI::RequiresError) << key;
      args.push_back("--sample");
      options.sample = true;
    }
    EXPECT_EQ(Parsed(args), options) << key;
  }
}

TEST(DecodeFlagsTest, LinesAreOfOneForm) {
  EXPECT_EQ(Parsed({"--pieces"}).line_form, LineForm::kPieces);
  EXPECT_EQ(Parsed({"--ids"}).line_form, LineForm::kIds);
  EXPECT_THROW(Parsed({"--pieces", "--ids"}), CLI::ExcludesError);
}

TEST(DecodeFlagsTest, HelpIsThatOfTheList) {
  CLI::App app;
  DecodeOptions options;
  AddDecodeFlags(app, &options);
  ForEachDecodeOption(options, [&](const std::string& key, const auto& field, const char* help) {
    if (key == "n_best" || key == "line_form") return;
    const CLI::Option* flag = app.get_option(FlagName(key));
    EXPECT_THAT(flag->get_description(), testing::StartsWith(help));
    EXPECT_EQ(flag->get_default_str(), ValueText(field));
  });
}

}  // namespace
}  // namespace dragoman
