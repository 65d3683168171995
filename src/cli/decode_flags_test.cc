// SPDX-License-Identifier: Apache-2.0
#include "cli/decode_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "base/error.h"
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

TEST(DecodeFlagsTest, WhatIsNotSaidIsTheModels) {
  for (const auto& [key, of_model] : EachDecodeOptionChanged()) {
    if (key == "n_best") continue;
    const std::string json = of_model.ToJson();
    EXPECT_EQ(WithDefaults({}, {}, {json, "m/decode_options.json"}), of_model) << key;
    EXPECT_EQ(WithDefaults({}, {key}, {json, "m/decode_options.json"}), DecodeOptions()) << key;
    EXPECT_EQ(WithDefaults(of_model, {key}, {"{}", "m/decode_options.json"}), of_model) << key;
    EXPECT_EQ(WithDefaults(of_model, {}, {"", ""}), of_model) << key << ", of a model that says nothing";
  }
  EXPECT_THROW(WithDefaults({}, {}, {"{\"beam\": 1}", "m/decode_options.json"}), FormatError);
}

TEST(DecodeFlagsTest, TheLineKnowsWhatItSaid) {
  for (auto [key, options] : EachDecodeOptionChanged()) {
    if (key == "n_best") continue;
    std::vector<std::string> args = key == "line_form" ? std::vector<std::string>{"--ids"} : FlagOf(key, options);
    const bool is_of_sampling = key == "temperature" || key == "top_k" || key == "top_p" || key == "seed";
    std::set<std::string> expected = {key};
    if (is_of_sampling) args.push_back("--sample"), expected.insert("sample");
    CLI::App app;
    DecodeOptions parsed;
    AddDecodeFlags(app, &parsed);
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
    EXPECT_EQ(GivenDecodeOptions(app), expected);
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
