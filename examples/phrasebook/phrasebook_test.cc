// SPDX-License-Identifier: Apache-2.0
// The promises of the phrase book: its sources are read strictly, its pairs are a function from English to Chinese, and
// the held-out part asks for nothing that training does not teach.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/file_system.h"
#include "book.h"

namespace dragoman::phrasebook {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string kFolder = PHRASEBOOK_FOLDER;

std::vector<std::string> ReadLines(const std::string& name) {
  std::ifstream in(kFolder + "/" + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// ---- The forms of words ----

std::string English(const std::string& word, const std::string& form, Forms forms = {}) {
  return FormOf({word, "", std::move(forms)}, form, nullptr, /*chinese=*/false).value_or("nothing");
}

TEST(Forms, RegularEnglish) {
  EXPECT_EQ(English("box", "pl"), "boxes");
  EXPECT_EQ(English("story", "pl"), "stories");
  EXPECT_EQ(English("boy", "pl"), "boys");
  EXPECT_EQ(English("older brother", "pl"), "older brothers");
  EXPECT_EQ(English("go", "third"), "goes");
  EXPECT_EQ(English("watch", "third"), "watches");
  EXPECT_EQ(English("carry", "past"), "carried");
  EXPECT_EQ(English("wait for", "past"), "waited for");
  EXPECT_EQ(English("dance", "ing"), "dancing");
  EXPECT_EQ(English("see", "ing"), "seeing");
  EXPECT_EQ(English("happy", "er"), "happier");
  EXPECT_EQ(English("nice", "est"), "nicest");
  EXPECT_EQ(English("apple", "a"), "an apple");
  EXPECT_EQ(English("Tom", "poss"), "Tom's");
  EXPECT_EQ(English("my parents", "poss", {{"agree", "pl"}}), "my parents'");
}

TEST(Forms, TheLexiconOverrulesTheRules) {
  EXPECT_EQ(English("child", "pl", {{"pl", "children"}}), "children");
  EXPECT_EQ(English("get up", "past", {{"past", "got"}}), "got up");
  EXPECT_EQ(English("famous", "er", {{"er", "more"}}), "more famous");
  EXPECT_EQ(English("famous", "est", {{"er", "more"}}), "most famous");
  EXPECT_EQ(English("shy", "er", {{"er", "shyer"}}), "shyer");
  EXPECT_EQ(English("university", "a", {{"article", "a"}}), "a university");
  EXPECT_EQ(English("book", "mw"), "nothing");
}

TEST(Forms, PresentAgreesWithItsSubject) {
  const Term have{"have lunch", "", {{"third", "has"}}};
  const Term i{"I", "", {{"agree", "first"}}};
  const Term he{"he", "", {}};
  EXPECT_EQ(FormOf(have, "present", &i, false), "have lunch");
  EXPECT_EQ(FormOf(have, "present", &he, false), "has lunch");
  EXPECT_EQ(English("I", "be", i.forms), "am");
  EXPECT_EQ(English("they", "was", {{"agree", "pl"}}), "were");
}

// ---- Errors in the sources ----

class SourcesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("phrasebook_test_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    Write("lexicon.tsv", "name\tTom\t汤姆\nname\tMary\t玛丽\nverb\tlove\t爱\n");
    Write("phrases.tsv", "");
    Write("patterns.tsv", "love\t{s} {v.present@s} {o}\t{s}{v}{o}\ts=name v=verb o=name\n");
    Write("held_out.tsv", "");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }

  // What ReadGrammar and a tiny MakeBook complain about, or "nothing".
  std::string Complaint() {
    try {
      const Grammar grammar = ReadGrammar(folder_);
      BookOptions options;
      options.train_pairs = train_pairs_;
      options.valid_pairs = options.test_pairs = 0;
      MakeBook(grammar, options);
    } catch (const FileError& error) {
      return error.what();
    }
    return "nothing";
  }

  std::filesystem::path folder_;
  size_t train_pairs_ = 2;
};

TEST_F(SourcesTest, GoodOnesRaiseNoComplaint) { EXPECT_EQ(Complaint(), "nothing"); }

TEST_F(SourcesTest, NameFileAndLineOfEveryMistake) {
  const std::string good = "love\t{s} {v.present@s} {o}\t{s}{v}{o}\ts=name v=verb o=name\n";
  const std::pair<std::string, std::string> cases[] = {
      {"like\tonly two\n", "found 2 columns"},
      {"like\t{s}\t{s}\ts=name\t1\tmore\n", "found 6 columns"},
      {"like\t\t{s}\ts=name\n", "column 2 is empty"},
      {"like\t{x}\t{s}\ts=name\n", "unknown slot 'x'"},
      {"like\t{s\t{s}\ts=name\n", "found { without }"},
      {"like\ts}\t{s}\ts=name\n", "found } without {"},
      {"like\t{s} sleeps\tsleeps\ts=name\n", "does not occur in the Chinese"},
      {"like\t{s}\t{s}\ts=nobody\n", "unknown class 'nobody'"},
      {"like\t{s}\t{s.mw}\ts=name\n", "'Tom' (line 1 of lexicon.tsv) does not have"},
      {"like\t{s.present}\t{s}\ts=name\n", "names its subject"},
      {"like\t{s}\t{s}\ts=name*0\n", "expected a number above 0"},
      {"like\t{s}\t{s}\ts=name*2000\n", "at most 1000"},
      {"like\t{s}\t{s}\ts=name s=name\n", "declared twice"},
      {"like\t{s}\t{s}\tname\n", "expected slot=class"},
      {"like\t{s}\t{s}\ts=name\tmuch\n", "the share 'much'"},
      {"love\t{s}\t{s}\ts=name\n", "is there twice"},
  };
  for (const auto& [line, expected] : cases) {
    Write("patterns.tsv", "# a comment\n\n" + good + line);
    EXPECT_THAT(Complaint(), AllOf(HasSubstr("patterns.tsv:4: "), HasSubstr(expected)));
  }
}

TEST_F(SourcesTest, WordsPhrasesAndHeldOutAreCheckedToo) {
  Write("lexicon.tsv", "name\tTom\t汤姆\tmw\nverb\tlove\t爱\n");
  EXPECT_THAT(Complaint(), AllOf(HasSubstr("lexicon.tsv:1: "), HasSubstr("expected name=value")));
  Write("lexicon.tsv", "name\tTom\t汤姆\nname\tTom\t阿汤\nverb\tlove\t爱\n");
  EXPECT_THAT(Complaint(), AllOf(HasSubstr("lexicon.tsv:2: "), HasSubstr("at line 1")));
  SetUp();
  Write("phrases.tsv", "a\t{x}\t{x}\tx=b\nb\t{x}\t{x}\tx=a\n");
  EXPECT_THAT(Complaint(), AllOf(HasSubstr("phrases.tsv:1: "), HasSubstr("contains itself")));
  SetUp();
  Write("held_out.tsv", "hate\tTom hates Mary\t汤姆恨玛丽\n");
  EXPECT_THAT(Complaint(), AllOf(HasSubstr("held_out.tsv:1: "), HasSubstr("unknown pattern 'hate'")));
  std::filesystem::remove(folder_ / "held_out.tsv");
  EXPECT_THAT(Complaint(), HasSubstr("held_out.tsv: cannot be read"));
}

TEST_F(SourcesTest, OneSentenceCannotHaveTwoTranslations) {
  Write("patterns.tsv", "one\t{s} sleeps\t{s}睡觉\ts=name\ntwo\t{s} sleeps\t{s}睡着了\ts=name\n");
  train_pairs_ = 4;
  EXPECT_THAT(Complaint(), AllOf(HasSubstr("patterns.tsv:2: "), HasSubstr("expected one translation")));
}

TEST_F(SourcesTest, TooFewCombinationsAreReported) {
  Write("patterns.tsv", "one\t{s} sleeps\t{s}睡觉\ts=name\n");
  Write("lexicon.tsv", "name\tTom\t汤姆\n");
  EXPECT_THAT(Complaint(), HasSubstr("all patterns together made 1 sentences, expected 2"));
}

TEST_F(SourcesTest, NoDrawGoesOnForever) {
  Write("lexicon.tsv", "name\tTom\t汤姆\n");
  Write("phrases.tsv", "couple\t{a} and {b}\t{a}和{b}\ta=name b=name\n");
  Write("patterns.tsv", "one\t{s} sleep\t{s}睡觉\ts=couple\n");
  EXPECT_THAT(Complaint(), AllOf(HasSubstr("phrases.tsv:1: "), HasSubstr("slots that can differ")));
  Write("patterns.tsv", "# nothing\n");
  EXPECT_THAT(Complaint(), AllOf(HasSubstr("patterns.tsv: "), HasSubstr("found no pattern")));
}

// ---- The committed book ----

class BookTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    grammar_ = new Grammar(ReadGrammar(kFolder));
    book_ = new Book(MakeBook(*grammar_, BookOptions()));
  }
  static void TearDownTestSuite() {
    delete book_;
    delete grammar_;
  }

  // 二 stands in 十二, 二十 and 星期二; two of something is 两.
  static bool HasNoLoneTwo(const std::string& chinese) {
    const std::string two = "二";
    for (size_t at = chinese.find(two); at != std::string::npos; at = chinese.find(two, at + 1)) {
      const std::string before = chinese.substr(0, at);
      const bool follows = before.ends_with("十") || before.ends_with("星期");
      if (!follows && chinese.compare(at + two.size(), std::string("十").size(), "十") != 0) return false;
    }
    return true;
  }

  static int Count(const std::string& text, const std::string& part) {
    int count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
    return count;
  }

  static std::vector<std::string> ClausesOf(std::string chinese) {
    std::vector<std::string> clauses;
    const std::string comma = "，";
    for (size_t at = chinese.find(comma); at != std::string::npos; at = chinese.find(comma)) {
      clauses.push_back(chinese.substr(0, at));
      chinese.erase(0, at + comma.size());
    }
    clauses.push_back(chinese);
    return clauses;
  }

  static std::vector<const Pair*> All() {
    std::vector<const Pair*> all;
    for (const auto* part : {&book_->train, &book_->valid, &book_->test}) {
      for (const Pair& pair : *part) all.push_back(&pair);
    }
    return all;
  }

  static Grammar* grammar_;
  static Book* book_;
};

Grammar* BookTest::grammar_ = nullptr;
Book* BookTest::book_ = nullptr;

TEST_F(BookTest, IsWhatIsCommitted) {
  for (const auto& [name, text] : BookFiles(*book_)) {
    EXPECT_TRUE(ReadFile(RealFileSystem(), kFolder + "/" + name) == text) << name;
  }
}

TEST_F(BookTest, IsAsLargeAsPromised) {
  EXPECT_GE(grammar_->words.size(), 400u);
  EXPECT_GE(grammar_->patterns.size(), 60u);
  EXPECT_GE(book_->train.size(), 5000u);
  EXPECT_EQ(book_->test.size(), 1000u);
  EXPECT_GE(book_->valid.size(), 200u);
}

TEST_F(BookTest, FilesHaveNoEmptyLineAndMatchLineForLine) {
  for (const std::string part : {"train", "valid", "test"}) {
    const auto english = ReadLines(part + ".en");
    const auto chinese = ReadLines(part + ".zh");
    ASSERT_EQ(english.size(), chinese.size());
    for (size_t i = 0; i < english.size(); ++i) {
      EXPECT_FALSE(english[i].empty() || chinese[i].empty()) << part << ":" << i + 1;
    }
  }
}

// Nothing in valid or test was ever seen, and no sentence is there twice, in any part: so English determines Chinese.
TEST_F(BookTest, NoEnglishSentenceOccursTwice) {
  std::set<std::string> seen;
  for (const Pair* pair : All()) EXPECT_TRUE(seen.insert(pair->english).second) << pair->english;
}

TEST_F(BookTest, TextIsClean) {
  for (const Pair* pair : All()) {
    for (const char* bad : {"  ", "{", "}", ".", "|"}) EXPECT_EQ(pair->english.find(bad), std::string::npos);
    for (const char letter : pair->english) EXPECT_TRUE(letter >= ' ' && letter <= '~') << pair->english;
    for (const char letter : pair->chinese) EXPECT_TRUE(letter < 0 || letter > '~') << pair->chinese;
    for (const char* bad : {"的的", "在在", "了了", "不有"}) {
      EXPECT_EQ(pair->chinese.find(bad), std::string::npos) << pair->chinese;
    }
    EXPECT_TRUE(HasNoLoneTwo(pair->chinese)) << pair->chinese;
    EXPECT_EQ(pair->english.back() == '?', pair->chinese.ends_with("？")) << pair->english;
  }
}

// No owner has an owner in 的: 我们妈妈的书, 汤姆妈妈的书. Nor does 的 pile up in a clause: 汤姆的汽车是红色的 is the
// most.
TEST_F(BookTest, NoDeIsStackedOnAnother) {
  std::vector<std::string> stacked;
  for (const char* who : {"pron", "name"}) {
    for (const Word* owner : grammar_->classes.at(who).words) {
      for (const Word* kin : grammar_->classes.at("kin").words) stacked.push_back(owner->chinese + "的" + kin->chinese);
    }
  }
  for (const Pair* pair : All()) {
    if (Count(pair->chinese, "的") < 2) continue;
    for (const std::string& owner : stacked) {
      EXPECT_EQ(pair->chinese.find(owner + "的"), std::string::npos) << pair->chinese;
    }
    for (const std::string& clause : ClausesOf(pair->chinese)) EXPECT_LE(Count(clause, "的"), 2) << pair->chinese;
  }
}

// "you all" and "you" never meet: whose would "your" be?
TEST_F(BookTest, SeveralOfYouNeverMeetOneOfYou) {
  for (const Pair* pair : All()) {
    const bool several = pair->chinese.find("你们") != std::string::npos;
    EXPECT_FALSE(several && pair->english.find("your") != std::string::npos) << pair->english;
  }
}

TEST_F(BookTest, TrainingTeachesEveryWordOfTheLexiconInSeveralPatterns) {
  std::map<const Word*, std::set<const Rule*>> patterns;
  std::map<const Word*, int> sentences;
  for (const Pair& pair : book_->train) {
    for (const Word* word : pair.words) {
      patterns[word].insert(pair.pattern);
      ++sentences[word];
    }
  }
  for (const Word& word : grammar_->words) {
    EXPECT_GE(patterns[&word].size(), 3u) << word.english;
    EXPECT_GE(sentences[&word], 12) << word.english;
  }
}

TEST_F(BookTest, HeldOutPartAsksOnlyForWhatTrainingTeaches) {
  std::map<std::string, int> words;
  std::map<const Rule*, int> patterns;
  for (const Pair& pair : book_->train) {
    ++patterns[pair.pattern];
    const auto unique = EnglishWords(pair.english);
    for (const std::string& word : std::set<std::string>(unique.begin(), unique.end())) ++words[word];
  }
  for (const Rule& pattern : grammar_->patterns) EXPECT_GE(patterns[&pattern], 5) << pattern.name;
  for (const auto* part : {&book_->valid, &book_->test}) {
    for (const Pair& pair : *part) {
      EXPECT_GE(patterns[pair.pattern], 15) << pair.english;
      for (const std::string& word : EnglishWords(pair.english)) {
        EXPECT_GE(words[word], 10) << word << " in: " << pair.english;
      }
    }
  }
}

// The sentences of the demo are ones that the patterns make, with the translation that the patterns give them.
TEST_F(BookTest, ShowpiecesAreHeldOutAndFollowTheirPatterns) {
  for (const HeldOut& sentence : grammar_->held_out) {
    const auto is_it = [&](const Pair& pair) { return pair.english == sentence.english; };
    EXPECT_EQ(std::count_if(book_->test.begin(), book_->test.end(), is_it), 1) << sentence.english;
    const auto pattern = std::find_if(grammar_->patterns.begin(), grammar_->patterns.end(),
                                      [&](const Rule& rule) { return rule.name == sentence.pattern; });
    Sampler sampler(*grammar_, /*seed=*/1);
    std::optional<Pair> pair;
    for (int draws = 0; draws < 200000 && !(pair && is_it(*pair)); ++draws) pair = sampler.Draw(*pattern);
    ASSERT_TRUE(pair && is_it(*pair)) << sentence.english;
    EXPECT_EQ(pair->chinese, sentence.chinese);
  }
}

TEST_F(BookTest, NamesOweEachOtherInEveryOrder) {
  std::set<std::string> owing;
  std::set<std::string> owed;
  for (const Pair& pair : book_->train) {
    if (pair.pattern->name != "owe") continue;
    const auto words = EnglishWords(pair.english);
    owing.insert(words.front());
    owed.insert(words[2]);
  }
  for (const Word* name : grammar_->classes.at("name").words) {
    EXPECT_TRUE(owing.count(name->english) != 0 && owed.count(name->english) != 0) << name->english;
  }
}

TEST_F(BookTest, AnotherSeedDrawsAnotherBook) {
  BookOptions options;
  options.seed = 2;
  EXPECT_NE(BookFiles(MakeBook(*grammar_, options)), BookFiles(*book_));
}

TEST(EnglishWords, AreCutAtSpacesHyphensAndPossessives) {
  EXPECT_THAT(EnglishWords("Is Tom's aunt twenty-two, or my parents'?"),
              ::testing::ElementsAre("Is", "Tom", "'s", "aunt", "twenty", "two", "or", "my", "parents", "'"));
  EXPECT_THAT(EnglishWords("It is two o'clock"), ::testing::ElementsAre("It", "is", "two", "o'clock"));
}

}  // namespace
}  // namespace dragoman::phrasebook
