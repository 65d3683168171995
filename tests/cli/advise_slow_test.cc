// SPDX-License-Identifier: Apache-2.0
// dragoman train --advise: what it prints works as it is printed, for each kind of corpus.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/rng.h"
#include "tests/cli/cli_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

// The words of a printed command, in which nothing had to be quoted but marks.
Args WordsOf(const std::string& command) {
  Args words;
  std::istringstream text(command);
  for (std::string word; text >> word;) {
    if (word.front() == '\'') word = word.substr(1, word.size() - 2);
    words.push_back(word);
  }
  return words;
}

void ReplaceAll(std::string* text, const std::string& from, const std::string& to) {
  for (size_t at = text->find(from); at != std::string::npos; at = text->find(from, at + to.size())) {
    text->replace(at, from.size(), to);
  }
}

// Takes the advice: by the commands that it prints its vocabularies and, with two updates, what it starts from, then
// two updates of its training. Returns it.
std::string Follow(const std::string& name, const std::string& src, const std::string& tgt) {
  const Finished advised =
      Dragoman({"train", "--advise", "--train-src", src, "--train-tgt", tgt, "--output", Scratch(name)});
  EXPECT_EQ(advised.code, 0) << advised.err;
  std::string toml = advised.out;
  std::istringstream lines(advised.out);
  std::vector<std::string> made_files;
  for (std::string line; std::getline(lines, line);) {
    const std::string start = "#   dragoman ";
    if (!line.starts_with(start)) continue;
    Args command = WordsOf(line.substr(start.size()));
    if (command.back().ends_with(".model")) made_files.push_back(command.back());
    for (size_t i = 1; i < command.size(); ++i) {
      if (command[i - 1] == "--max-steps") command[i] = "2";
      if (command[i - 1] == "--warmup") command[i] = "1";
      if (std::ranges::find(made_files, command[i]) != made_files.end()) command[i] = Scratch(name + "." + command[i]);
    }
    const Finished made = Dragoman(command);
    EXPECT_EQ(made.code, 0) << line << "\n" << made.err;
  }
  EXPECT_FALSE(made_files.empty()) << advised.out;
  for (const std::string& file : made_files)
    ReplaceAll(&toml, "\"" + file + "\"", "\"" + Scratch(name + "." + file) + "\"");
  const Finished run =
      Dragoman({"train", "--config", WriteScratch(name + ".toml", toml), "--max-steps", "2", "--warmup", "1"});
  EXPECT_EQ(run.code, 0) << toml << run.err;
  return advised.out;
}

TEST(AdviseTest, TranslationBetweenTwoScripts) {
  EXPECT_THAT(Follow("phrases", "examples/phrasebook/train.en", "examples/phrasebook/train.zh"),
              AllOf(HasSubstr("# two scripts: a vocabulary each\n"), HasSubstr("\nsrc-vocab = "),
                    ContainsRegex("# expected: [0-9]+ updates in [0-9]+ minutes on this machine")));
}

constexpr const char* kNames[] = {"Ann", "Bob", "Cleo", "Dan", "Eve", "Finn"};
constexpr const char* kRooms[] = {"kitchen", "garden", "office", "hall", "attic"};

TEST(AdviseTest, AnswersToQuestionsAboutStories) {
  Rng rng(1);
  std::string src, tgt;
  for (int i = 0; i < 1500; ++i) {
    const std::string who = kNames[rng.Below(6)], where = kRooms[rng.Below(5)];
    src += "Where is " + who + "? <sep> " + who + " went to the " + where + ". <sep> " + kNames[rng.Below(6)] +
           " sleeps. <sep>\n";
    tgt += where + "\n";
  }
  EXPECT_THAT(Follow("answers", WriteScratch("answers.src", src), WriteScratch("answers.tgt", tgt)),
              AllOf(HasSubstr("# <sep> ends the parts of a source"), HasSubstr("--symbols '<sep>'"),
                    HasSubstr("\nsegment-end = 3 ")));
}

TEST(AdviseTest, SummariesInWordsOfTheirText) {
  // Of texts of one sentence, and of four.
  for (const auto& [name, end] : {std::pair("titles", ""), std::pair("abstracts", "here. ")}) {
    Rng rng(1);
    std::string src, tgt;
    for (int i = 0; i < 1500; ++i) {
      std::string text, title;
      for (int word = 0; word < 20; ++word) {
        const std::string next = std::string(kNames[rng.Below(6)]) + std::to_string(rng.Below(100));
        text += next + " ";
        if (word % 8 == 3) title += next + " ";
        if (word % 5 == 4) text += end;
      }
      src += text + "end\n";
      tgt += title + "end\n";
    }
    const std::string texts = name;
    const std::string advice = Follow(texts, WriteScratch(texts + ".src", src), WriteScratch(texts + ".tgt", tgt));
    EXPECT_THAT(advice, HasSubstr("summaries, so copy\n"));
    if (texts == "titles") {
      EXPECT_THAT(advice, HasSubstr("\ncopy = true "));
    } else {
      EXPECT_THAT(advice, AllOf(HasSubstr(" --denoise gap "), HasSubstr(" --copy "), HasSubstr("\ninit-from = ")));
    }
  }
}

}  // namespace
}  // namespace dragoman
