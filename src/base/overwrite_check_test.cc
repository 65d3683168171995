// SPDX-License-Identifier: Apache-2.0
#include "base/overwrite_check.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace dragoman {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class OverwriteCheckTest : public testing::Test {
 protected:
  OverwriteCheckTest() {
    directory_ = testing::TempDir() + "overwrite_check_XXXXXX";
    EXPECT_NE(mkdtemp(directory_.data()), nullptr);
    Write("text", "a line\n");
    Write("other", "another\n");
    std::filesystem::create_directories(At("sub/model"));
    Write("sub/model/config.json", "{}");
    std::filesystem::create_symlink("text", At("link"));
    std::filesystem::create_directory_symlink("sub", At("link to sub"));
    std::filesystem::create_hard_link(At("text"), At("hard"));
  }
  ~OverwriteCheckTest() override { std::filesystem::remove_all(directory_); }

  std::string At(const std::string& name) const { return directory_ + "/" + name; }
  void Write(const std::string& name, const std::string& bytes) const { std::ofstream(At(name)) << bytes; }
  static void ExpectRefused(const std::string& output, const std::string& input) {
    EXPECT_THAT(
        [&] {
          RefuseOverwriting("--output", output, {{"--tgt", "/dev/null"}, {"--src", input}});
        },
        ThrowsMessage<OptionError>(HasSubstr("--src " + input)))
        << output;
  }
  static void ExpectAllowed(const std::string& output, const std::string& input) {
    EXPECT_NO_THROW(RefuseOverwriting("--output", output, {{"--src", input}})) << output;
  }

  std::string directory_;
};

TEST_F(OverwriteCheckTest, AnInputIsRefusedByAnyName) {
  for (const char* name : {"text", "./text", "sub/../text", "link", "hard", "link to sub/../text"}) {
    ExpectRefused(At(name), At("text"));
    ExpectRefused(At("text"), At(name));
  }
  ExpectRefused(At("link"), At("hard"));
}

TEST_F(OverwriteCheckTest, OtherFilesDevicesAndNothingAreAllowed) {
  ExpectAllowed(At("other"), At("text"));
  ExpectAllowed(At("new"), At("text"));
  ExpectAllowed(At("new"), At("missing"));
  ExpectAllowed(At("new"), "");
  ExpectAllowed("/dev/null", "/dev/null");
  ExpectAllowed(At("no such directory/new"), At("no such directory/other"));
}

TEST_F(OverwriteCheckTest, AnInputThatIsNotThereCountsByItsName) {
  ExpectRefused(At("sub/model/vocab.model"), At("link to sub/model/./vocab.model"));
}

TEST_F(OverwriteCheckTest, ADirectoryIsRefusedWithAllItHolds) {
  ExpectRefused(At("sub/model"), At("link to sub/model"));
  ExpectRefused(At("sub"), At("link to sub/model/config.json"));
  ExpectAllowed(At("sub/model"), At("sub"));  // a new file or folder inside of what is read
  ExpectAllowed(At("sub"), At("text"));
}

TEST_F(OverwriteCheckTest, RedirectionsCount) {
  const int in = dup(STDIN_FILENO), out = dup(STDOUT_FILENO);
  dup2(open(At("text").c_str(), O_RDONLY | O_CLOEXEC), STDIN_FILENO);
  EXPECT_THROW(RefuseOverwriting("--output", At("link"), {{"--input", "-"}}), OptionError);
  EXPECT_THROW(RefuseOverwriting("--output", At("hard"), {{"--input", "/dev/stdin"}}), OptionError);
  EXPECT_THROW(RefuseOverwriting("--output", "/proc/self/fd/0", {{"--input", At("text")}}), OptionError);
  EXPECT_NO_THROW(RefuseOverwriting("--output", At("other"), {{"--input", "-"}}));
  fflush(stdout);
  dup2(open(At("text").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC), STDOUT_FILENO);
  EXPECT_THROW(RefuseOverwriting("--output", "-", {{"--input", "-"}}), OptionError);
  EXPECT_THROW(RefuseOverwriting("--output", "-", {{"--input", At("link")}}), OptionError);
  EXPECT_NO_THROW(RefuseOverwriting("--output", "-", {{"--input", At("other")}}));
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  close(in);
  close(out);
}

}  // namespace
}  // namespace dragoman
