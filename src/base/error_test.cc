// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/check.h"

namespace dragoman {
namespace {

std::string NameOf(const Error& error) { return std::string(EnumName(error.code())); }

TEST(ErrorTest, EachClassHasACodeOfAStableName) {
  EXPECT_EQ(NameOf(Error("x")), "other");
  EXPECT_EQ(NameOf(OptionError("x")), "option");
  EXPECT_EQ(NameOf(FileError("a", "x")), "file");
  EXPECT_EQ(NameOf(FileError("a", 1, "x")), "file");
  EXPECT_EQ(NameOf(FormatError("a", "x")), "format");
  EXPECT_EQ(NameOf(FormatError("a", 1, "x")), "format");
  EXPECT_EQ(NameOf(ShapeError("x")), "shape");
  EXPECT_EQ(NameOf(NumericError("x")), "numeric");
  EXPECT_EQ(NameOf(CommError("x")), "communication");
  EXPECT_EQ(NameOf(ResourceError("x")), "resource");
  EXPECT_EQ(NameOf(CancelledError("x")), "cancelled");
  EXPECT_EQ(NameOf(InternalError("x")), "internal");
  EXPECT_EQ(NamesOf(ErrorCode{}).size(), 10u) << "a new class wants a line above";
}

TEST(ErrorTest, ACodeSurvivesBeingCaughtAsTheBase) {
  try {
    DRAGOMAN_CHECK(1 == 2);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInternal);
  }
}

TEST(ErrorTest, AFileErrorKnowsPathAndLine) {
  const FileError whole("data/train.de", "cannot be read; check the path");
  EXPECT_EQ(whole.path(), "data/train.de");
  EXPECT_EQ(whole.line(), 0);
  EXPECT_STREQ(whole.what(), "data/train.de: cannot be read; check the path");
  const FormatError at_line("M/config.json", 7, "is damaged");
  EXPECT_EQ(at_line.path(), "M/config.json");
  EXPECT_EQ(at_line.line(), 7);
  EXPECT_STREQ(at_line.what(), "M/config.json:7: is damaged");
}

TEST(ErrorTest, AnOptionErrorKnowsTheOptionItBeginsWith) {
  EXPECT_EQ(OptionError("`max_minutes` is -3, expected a number").option(), "max_minutes");
  EXPECT_EQ(OptionError("`beta2`").option(), "beta2");
  for (const char* none : {"", "`", "``", "`warmup", "the run has no end; give `max_steps`", "`dragoman vocab` is"}) {
    EXPECT_EQ(OptionError(none).option(), "") << none;
  }
  EXPECT_EQ(OptionError("too many heads", "heads").option(), "heads");
}

}  // namespace
}  // namespace dragoman
