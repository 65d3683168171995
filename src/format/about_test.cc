// SPDX-License-Identifier: Apache-2.0
#include "format/about.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

ModelAbout Full() {
  ModelAbout about{.name = "en-de",
                   .licence = "CC-BY-4.0",
                   .origin = "https://example.org/\"en-de\"",
                   .notes = "two\nlines",
                   .trained_with = "dragoman 0.1.0",
                   .trained_on = {"train.en", "train.de"},
                   .pairs = 29000};
  about.made_from = {ModelAbout{.name = "first"}, ModelAbout{.licence = "MIT"}};
  return about;
}

std::string ErrorOf(const std::string& text) {
  try {
    ModelAbout::FromJson(text, "about.json");
  } catch (const FormatError& error) {
    return error.what();
  }
  return "no error";
}

TEST(AboutTest, ComesBackAsItWasWritten) {
  EXPECT_EQ(ModelAbout::FromJson(Full().ToJson(), "about.json"), Full());
  EXPECT_EQ(ModelAbout{}.ToJson(), "{}\n");
  EXPECT_EQ(ModelAbout::FromJson("{}", "about.json"), ModelAbout{});
}

TEST(AboutTest, KeysOnWhichPeopleSlipAreNamed) {
  EXPECT_THAT(ErrorOf(R"({"license": "MIT"})"),
              AllOf(HasSubstr("key \"license\" is not known, did you mean licence?"), HasSubstr("expected name")));
  EXPECT_THAT(ErrorOf(R"({"name": 3})"), HasSubstr("name is 3, expected"));
  EXPECT_THAT(ErrorOf(R"({"pairs": -1})"), HasSubstr("pairs is -1, expected an integer from 0"));
  EXPECT_THAT(ErrorOf(R"({"trained_on": "x"})"), HasSubstr("trained_on is \"x\", expected"));
  EXPECT_THAT(ErrorOf(R"({"made_from": {}})"), HasSubstr("made_from is {}, expected"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("this is [], expected"));
  EXPECT_THAT(ErrorOf(R"({"name": "x",})"), HasSubstr("mend the file by hand, or delete it"));
}

TEST(AboutTest, GenerationsAreBounded) {
  ModelAbout about{.name = "0"};
  for (int i = 1; i < 100; ++i) about = ModelAbout{.name = std::to_string(i), .made_from = {about}};
  const std::string text = about.ToJson();
  EXPECT_THAT(text, AllOf(HasSubstr("\"91\""), Not(HasSubstr("\"90\""))));
  EXPECT_EQ(ErrorOf(text), "no error");
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "{\"made_from\":[";
  EXPECT_THAT(ErrorOf(deep), HasSubstr("nested"));
}

TEST(AboutTest, BytesThatAreNoUtf8DoNotKeepACheckpointFromBeingWritten) {
  EXPECT_THAT((ModelAbout{.name = "a\xFF"}).ToJson(), HasSubstr("a\xEF\xBF\xBD"));
}

TEST(AboutTest, IsReadFromADirectoryAndIsInNoManifest) {
  FileSystem& files = RealFileSystem();
  std::string directory = testing::TempDir() + "dragoman_about_XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  EXPECT_EQ(ReadAbout(files, directory), std::nullopt);
  CheckpointContents contents;
  contents.files = {FileOfBytes("config.json", "{}"), AboutFile(Full())};
  WriteCheckpoint(files, directory, contents);
  EXPECT_EQ(ReadAbout(files, directory), Full());
  WriteFile(files, JoinPath(directory, kAboutFile), R"({"licence": "edited"})");
  EXPECT_TRUE(VerifyCheckpoint(files, directory));
  EXPECT_EQ(ReadManifest(files, directory).files.size(), 1u);
  WriteFile(files, JoinPath(directory, kAboutFile), std::string((1 << 20) + 1, ' '));
  EXPECT_THROW(ReadAbout(files, directory), FormatError);
  RemoveAll(files, directory);
}

}  // namespace
}  // namespace dragoman
