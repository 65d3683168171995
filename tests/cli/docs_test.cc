// SPDX-License-Identifier: Apache-2.0
// What the documents tell people to type: every flag in it exists, in the command it is given to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/cli/cli_testing.h"

namespace dragoman {
namespace {

using Flags = std::set<std::string>;

std::set<std::string> FlagsIn(const std::string& text) {
  static const std::regex flag("--(\\[no-\\])?([a-z0-9][a-z0-9-]*)");
  Flags flags;
  for (auto at = std::sregex_iterator(text.begin(), text.end(), flag); at != std::sregex_iterator(); ++at) {
    flags.insert("--" + (*at)[2].str());
    if ((*at)[1].matched) flags.insert("--no-" + (*at)[2].str());
  }
  return flags;
}

// By command, as --help shows them; "" is the program's own, and "*" all of them.
const std::map<std::string, Flags>& KnownFlags() {
  static const std::map<std::string, Flags> known = [] {
    std::map<std::string, Flags> flags;
    const std::string help = Dragoman({"--help"}).out;
    flags[""] = flags["*"] = FlagsIn(help.substr(0, help.find("Subcommands:")));
    std::istringstream lines(help.substr(help.find("Subcommands:")));
    std::string line, word;
    std::getline(lines, line);
    while (std::getline(lines, line) && line.rfind("  ", 0) == 0) {
      std::istringstream(line) >> word;
      const std::string text = Dragoman({word, "--help"}).out;
      flags[word] = FlagsIn(text.substr(0, text.find("xamples:")));
      flags["*"].insert(flags[word].begin(), flags[word].end());
    }
    return flags;
  }();
  return known;
}

// Commands in a piece of shell: parted at | ; && and line ends, \ before a line end joins.
std::vector<std::string> CommandsIn(std::string text) {
  text = std::regex_replace(text, std::regex("\\\\\n"), " ");
  text = std::regex_replace(text, std::regex(";|&&|\\||\\$\\(|\\)| do "), "\n");
  return Lines(text);
}

// Flags of mpirun and Slurm, where a document speaks of them by themselves.
const Flags& OfLaunchers() {
  static const Flags flags = {"--mca", "--bind-to", "--requeue"};
  return flags;
}

// Flags of `text` (shell, or a flag by itself) that no command of ours has. What is before `dragoman COMMAND` (mpirun
// and its flags) and what belongs to other programs is not ours.
std::vector<std::string> UnknownFlags(const std::string& text) {
  static const std::regex ours("^(.*[ /])?dragoman( +([a-z]+))?(.*)$");
  std::vector<std::string> unknown;
  for (const std::string& command : CommandsIn(text)) {
    std::smatch match;
    std::string name = "*", rest = command;
    if (std::regex_match(command, match, ours)) {
      name = match[3].str();
      rest = match[4].str();
      if (name.empty() && rest.rfind(' ', 0) != 0) continue;  // a name, or a list of words
      if (KnownFlags().count(name) == 0) unknown.push_back("dragoman " + name);
    } else if (command.rfind("--", 0) != 0 || OfLaunchers().count(command.substr(0, command.find(' '))) > 0) {
      continue;
    }
    const auto known = KnownFlags().find(name);
    if (known == KnownFlags().end()) continue;
    for (const std::string& flag : FlagsIn(rest)) {
      if (known->second.count(flag) == 0) unknown.push_back((name + " ").append(flag));
    }
  }
  return unknown;
}

// Pieces of code in a document: fenced blocks, `words`. Of a table whose head names other toolkits only the first
// column is about us.
std::vector<std::string> CodeIn(const std::string& document) {
  std::vector<std::string> code;
  std::string block, previous;
  bool in_block = false, others = false;
  for (std::string line : Lines(document)) {
    if (line.rfind("```", 0) == 0) {
      if (in_block) code.push_back(std::exchange(block, ""));
      in_block = !in_block;
      continue;
    }
    if (in_block) {
      block += line + "\n";
      continue;
    }
    if (line.rfind('|', 0) != 0) others = false;
    if (line.rfind("| here |", 0) == 0) others = true;
    if (others) line = line.substr(0, line.find('|', 1));
    static const std::regex words("`([^`]+)`");
    for (auto at = std::sregex_iterator(line.begin(), line.end(), words); at != std::sregex_iterator(); ++at) {
      code.push_back((*at)[1].str());
    }
  }
  return code;
}

TEST(DocsTest, EveryFlagInThemExists) {
  ASSERT_GT(KnownFlags().size(), 8u);  // commands were found in --help
  for (const char* document :
       {"README.md", "docs/guide.md", "docs/formats.md", "docs/scaling.md", "docs/results.md", "recipes/README.md"}) {
    const std::vector<std::string> code = CodeIn(FileText(document));
    EXPECT_GT(code.size(), 5u) << document;
    for (const std::string& text : code) {
      EXPECT_THAT(UnknownFlags(text), testing::IsEmpty()) << document << ": " << text;
    }
  }
}

TEST(DocsTest, AFlagThatDoesNotExistIsFound) {
  EXPECT_THAT(UnknownFlags("dragoman train --max-step 3 | dragoman translate --model RUN --warmup 3"),
              testing::ElementsAre("train --max-step", "translate --warmup"));
  EXPECT_THAT(UnknownFlags("mpirun --host a $PWD/build/release/dragoman train --resume --nope"),
              testing::ElementsAre("train --nope"));
  EXPECT_THAT(UnknownFlags("dragoman trian --resume"), testing::ElementsAre("dragoman trian"));
  EXPECT_THAT(UnknownFlags("--beam-sizes 4"), testing::ElementsAre("* --beam-sizes"));
  EXPECT_THAT(UnknownFlags("cmake --install build --prefix X"), testing::IsEmpty());
  EXPECT_THAT(CodeIn("`a` x\n```sh\nb\nc\n```\n| here | Marian |\n| `d` | `e` |\n\n| `f` | `g` |\n"),
              testing::ElementsAre("a", "b\nc\n", "d", "f", "g"));
}

}  // namespace
}  // namespace dragoman
