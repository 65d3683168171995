// SPDX-License-Identifier: Apache-2.0
#include "cli/toml_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "base/json_scanner.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

class TomlFileTest : public testing::Test {
 protected:
  ~TomlFileTest() override { unlink(path_.c_str()); }

  std::string ErrorOf(const std::string& toml) {
    std::ofstream(path_, std::ios::binary) << toml;
    try {
      ParseToml(ReadToml(path_), path_);
    } catch (const OptionError& error) {
      return error.what();
    }
    return "";
  }

  const std::string path_ = testing::TempDir() + "toml_file_test_" + std::to_string(getpid()) + ".toml";
};

std::string Repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// Each would overflow the stack of whoever builds these tables, or of whoever destroys them.
TEST_F(TomlFileTest, DeepNestingIsRefused) {
  const std::string parts = Repeated("a.", 50'000), some = Repeated("a.", 100);
  for (const std::string& toml :
       {"x = 1\n" + parts + "a = 1\n", "x = 1\n[" + parts + "a]\n", "x = 1\n[[" + parts + "a]]\n",
        "x = 1\n" + Repeated("\"a\" . ", 50'000) + "a = 1\n", "x = 1\na = {" + parts + "a = 1}\n",
        "x = 1\na = " + Repeated("[", 50'000), "x = 1\na = [" + Repeated("{" + some + "a = [", 100) + "\n"}) {
    EXPECT_THAT(ErrorOf(toml), HasSubstr(path_ + ":2: nested more than 128 deep; lines look like"))
        << toml.substr(0, 40);
  }
}

TEST_F(TomlFileTest, WhatOnlyLooksDeepIsRead) {
  const std::string dots = Repeated(".", 1000), brackets = Repeated("[", 1000);
  EXPECT_EQ(ErrorOf("a = \"" + dots + "\\\"" + brackets + "\"  # " + dots + brackets + "\nb = '" + dots + "\\'\n"), "");
  EXPECT_EQ(ErrorOf("a = \"\"\"" + dots + "\n\"\\\"\"\"" + brackets + "\"\"\"\nb = '''\n'" + dots + "'''\n"), "");
  EXPECT_EQ(ErrorOf(Repeated("[[a.b]]\nc.d = [1.5, 2.5,\n 3.5]\n", 1000)), "");
  EXPECT_EQ(ErrorOf("a = [" + Repeated("1.5,\n", 1000) + "]\n"), "");
  EXPECT_EQ(ErrorOf(Repeated("a.", kMaxNesting) + "a = 1\n"), "");
}

TEST_F(TomlFileTest, AHugeFileIsRefused) {
  EXPECT_THAT(ErrorOf(std::string((1 << 20) + 1, '\n')), HasSubstr("more than 1048576 bytes"));
  EXPECT_EQ(ErrorOf(std::string(1 << 20, '\n')), "");
}

}  // namespace
}  // namespace dragoman
