// SPDX-License-Identifier: Apache-2.0
#include "dragoman/translator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "format/translation_testing.h"
#include "library/make_translator.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

std::vector<std::string> SomeLines() {
  std::vector<std::string> lines = TestSentences();
  lines.resize(40);
  return lines;
}

// One whose sentences do not end by themselves.
Translator Endless(int threads) {
  return MakeTranslator(InferenceOf(RandomTranslationModel(/*end_bias=*/-1e9f), {}), {.threads = threads});
}

Translator Usual(int threads = 2) {
  return MakeTranslator(InferenceOf(RandomTranslationModel(), {}), {.threads = threads});
}

ErrorCode CodeOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::kOther;
}

TEST(TranslatorTest, OneManyAndSubmittedLinesAreTranslatedAlike) {
  const Translator translator = Usual();
  const auto lines = SomeLines();
  const auto many = translator.TranslateAll(lines);
  const auto submitted = translator.Submit(lines).Get();
  ASSERT_EQ(many.size(), lines.size());
  for (size_t i = 0; i < lines.size(); i += 5) {
    EXPECT_EQ(translator.Translate(lines[i]).n_best[0].text, many[i].n_best[0].text);
    EXPECT_EQ(submitted[i].n_best[0].log_prob, many[i].n_best[0].log_prob);
  }
}

TEST(TranslatorTest, ItMayBeMovedWhileJobsAreOnTheirWay) {
  Translator first = Usual();
  TranslationJob job = first.Submit(SomeLines());
  const Translator second = std::move(first);
  EXPECT_EQ(job.Get().size(), SomeLines().size());
  EXPECT_EQ(second.threads(), 2);
}

TEST(TranslatorTest, CallbacksTellEachLineOnceAndProgressGrows) {
  const Translator translator = Usual();
  const auto lines = SomeLines();
  std::mutex mutex;
  std::map<size_t, std::string> told;
  JobCallbacks callbacks;
  callbacks.on_line = [&](size_t line, const TranslatedLine& found) {
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(told.emplace(line, found.n_best[0].text).second);
  };
  TranslationJob job = translator.Submit(lines, {}, callbacks);
  job.Wait();
  EXPECT_EQ(job.lines_done(), lines.size());
  EXPECT_EQ(job.lines(), lines.size());
  const auto found = job.Get();
  ASSERT_EQ(told.size(), lines.size());
  for (const auto& [line, text] : told) EXPECT_EQ(text, found[line].n_best[0].text);
}

// Greedily a token a step; in a beam when all agree; what was told is never taken back.
TEST(TranslatorTest, WhatIsSettledIsToldAsItGrows) {
  const Translator translator = Usual(1);
  for (const int beam_size : {1, 4}) {
    std::map<size_t, std::vector<std::string>> told;
    JobCallbacks callbacks;
    callbacks.on_settled = [&](size_t line, const std::string& text) { told[line].push_back(text); };
    const auto found = translator.Submit(SomeLines(), {.beam_size = beam_size, .min_length = 12}, callbacks).Get();
    size_t most = 0;
    for (const auto& [line, texts] : told) {
      most = std::max(most, texts.size());
      std::string before;
      for (const std::string& text : texts) {
        EXPECT_TRUE(text.starts_with(before)) << before << " -> " << text;
        before = text;
      }
      EXPECT_TRUE(found[line].n_best[0].text.starts_with(before)) << before;
    }
    EXPECT_GE(most, beam_size == 1 ? 5u : 1u);
  }
}

TEST(TranslatorTest, ACancelledJobEndsAtOnceAndLeavesTheOthersAlone) {
  const Translator translator = Endless(1);
  const auto expected = translator.Translate("I see a cat.");
  TranslationJob book = translator.Submit(std::vector<std::string>(20000, "you help"), {.sample = true});
  TranslationJob letter = translator.Submit({"I see a cat."});
  EXPECT_EQ(letter.Get()[0].n_best[0].text, expected.n_best[0].text) << "it does not wait for the book";
  EXPECT_LT(book.lines_done(), book.lines());
  book.Cancel();
  EXPECT_TRUE(book.WaitFor(std::chrono::milliseconds(0)));
  EXPECT_EQ(CodeOf([&] { book.Get(); }), ErrorCode::kCancelled);
  EXPECT_EQ(translator.Translate("I see a cat.").n_best[0].text, expected.n_best[0].text);
}

TEST(TranslatorTest, ACallbackMayCancelItsJob) {
  const Translator translator = Endless(1);
  std::optional<TranslationJob> job;
  std::atomic<bool> is_known = false;
  JobCallbacks callbacks;
  callbacks.on_line = [&](size_t, const TranslatedLine&) {
    while (!is_known) std::this_thread::yield();
    job->Cancel();
  };
  job = translator.Submit(std::vector<std::string>(1000, "you help"), {.sample = true}, callbacks);
  is_known = true;
  EXPECT_EQ(CodeOf([&] { job->Get(); }), ErrorCode::kCancelled);
}

TEST(TranslatorTest, JobsOfATranslatorThatIsGoneAreCancelled) {
  std::optional<Translator> translator = Endless(2);
  TranslationJob job = translator->Submit(std::vector<std::string>(20000, "you help"), {.sample = true});
  translator.reset();
  EXPECT_EQ(CodeOf([&] { job.Get(); }), ErrorCode::kCancelled);
}

TEST(TranslatorTest, ScoresWhatItSays) {
  const Translator translator = Usual();
  const auto scores = translator.Score({"I see a cat.", ""}, {"我看见一只猫", "我"});
  EXPECT_LT(scores[0].log_prob, 0);
  EXPECT_TRUE(std::isnan(scores[1].log_prob));
  EXPECT_EQ(CodeOf([&] { translator.Score({"a"}, {}); }), ErrorCode::kOption);
}

TEST(TranslatorTest, OpensADirectoryAndSaysWhatItIs) {
  std::string directory = testing::TempDir() + "dragoman_library_XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  TranslationModel model = RandomTranslationModel();
  CheckpointContents contents;
  contents.files = PackedModelFiles(*model.model, WeightFormat::kInt8, model.vocabs, nullptr);
  WriteModel(RealFileSystem(), contents, directory + "/model");
  const Translator translator(directory + "/model", {.threads = 1});
  EXPECT_EQ(translator.model().precision, WeightFormat::kInt8);
  EXPECT_EQ(translator.model().max_target_tokens, model.model->config().max_tgt_len);
  EXPECT_EQ(translator.model().source_vocabulary, model.vocabs.src->size());
  EXPECT_EQ(translator.Translate("I see a cat.").error, "");
  RemoveAll(RealFileSystem(), directory);
}

TEST(TranslatorTest, AModelOfSeveralLanguagesWantsToKnowThem) {
  std::string directory = testing::TempDir() + "dragoman_library_XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  TokenizerSettingsPair settings;
  settings.src.languages = settings.tgt.languages = {{"en", 5}, {"zh", 6}};
  settings.src.prefix = {kSrcLanguage};
  settings.tgt.prefix = {kTgtLanguage};
  const VocabularyPair usual{SharedTestVocabulary(), SharedTestVocabulary()};
  TranslationModel model =
      RandomTranslationModel(/*end_bias=*/2, Tying::kAll, WithSettings(usual, settings, "settings"));
  CheckpointContents contents;
  for (const WeightFormat format : {WeightFormat::kF32, WeightFormat::kInt8}) {
    contents.files = format == WeightFormat::kF32
                         ? ModelFiles(*model.model, model.model->parameters().values(), model.vocabs, nullptr)
                         : PackedModelFiles(*model.model, format, model.vocabs, nullptr);
    WriteModel(RealFileSystem(), contents, directory + "/model");
    const auto error = [&](const std::string& src, const std::string& tgt) {
      return MessageOf<OptionError>(
          [&] { Translator(directory + "/model", {.threads = 1, .src_lang = src, .tgt_lang = tgt}); });
    };
    EXPECT_THAT(error("", ""), HasSubstr("`src_lang` is not given"));
    EXPECT_THAT(error("en", ""), HasSubstr("`tgt_lang` is not given"));
    EXPECT_THAT(error("en", "zho"), HasSubstr("`tgt_lang` is \"zho\""));
    const Translator chosen(directory + "/model", {.threads = 1, .src_lang = "en", .tgt_lang = "zh"});
    EXPECT_EQ(chosen.Translate("I see a cat.").error, "");
  }
  // However it was opened.
  EXPECT_THAT(MessageOf<OptionError>([&] { MakeTranslator(InferenceOf(std::move(model), {}), {.threads = 1}); }),
              HasSubstr("`src_lang` is not given"));
  RemoveAll(RealFileSystem(), directory);
}

TEST(TranslatorTest, WhatIsWrongIsOneTypeOfExceptionWithACode) {
  try {
    const Translator translator("/nowhere/at/all");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFile);
    EXPECT_THAT(error.path(), HasSubstr("/nowhere/at/all"));
  }
  EXPECT_EQ(CodeOf([] { Translator("/nowhere", {.threads = -1}); }), ErrorCode::kOption);
  const Translator translator = Usual();
  try {
    translator.Translate("I see a cat.", {.beam_size = 0});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kOption);
    EXPECT_EQ(error.option(), "beam_size");
  }
}

// A limit makes batches smaller, and changes no result; what does not fit at all is said.
TEST(TranslatorTest, MemoryIsLimited) {
  const auto lines = SomeLines();
  const auto limited = [](int64_t megabytes) {
    TransformerConfig config = RandomTranslationModel().model->config();
    config.max_tgt_len = 2000;
    return MakeTranslator(InferenceOf({RandomModel(config), RandomTranslationModel().vocabs}, {}),
                          {.threads = 1, .max_memory_mb = megabytes});
  };
  int64_t least = 1;  // that it takes without a sentence
  while (true) {
    try {
      limited(least);
      break;
    } catch (const Error& error) {
      ASSERT_EQ(error.option(), "max_memory_mb");
      ++least;
      ASSERT_LT(least, 10000);
    }
  }
  const auto expected = limited(0).TranslateAll(lines);
  const auto found = limited(least + 16).TranslateAll(lines);
  for (size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(found[i].n_best[0].text, expected[i].n_best[0].text);
  const auto too_much =
      limited(least + 16)
          .Translate(lines[0], {.n_best = 256, .max_length_factor = 1000, .min_length = 1000, .sample = true});
  EXPECT_THAT(too_much.error, HasSubstr("`max_memory_mb`"));
}

TEST(TranslatorTest, LinesMayBeIds) {
  const Translator translator = Usual(1);
  const DecodeOptions ids{.min_length = 6, .line_form = LineForm::kIds};
  JobCallbacks callbacks;
  std::vector<std::string> told;
  callbacks.on_settled = [&](size_t, const std::string& settled) { told.push_back(settled); };
  const std::string found = translator.Submit({"5 6 7"}, ids, callbacks).Get()[0].n_best[0].text;
  EXPECT_THAT(found, testing::MatchesRegex("[0-9]+( [0-9]+)+"));
  for (const std::string& settled : told) EXPECT_TRUE(found.starts_with(settled)) << settled;
  EXPECT_FALSE(translator.Score({"5 6 7"}, {found}, LineForm::kIds)[0].token_log_probs.empty());
  for (const auto& work : {std::function<void()>([&] {
                             translator.Submit({"5", "5000"}, ids);
                           }),
                           std::function<void()>([&] { translator.Score({"5"}, {"x"}, LineForm::kIds, 1); })}) {
    try {
      work();
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kFile);
      EXPECT_EQ(error.line(), 2);
    }
  }
}

// From many threads, with jobs that come, are watched, and are given up.
TEST(TranslatorTest, IsSafeToShareBetweenThreads) {
  const Translator translator = Usual();
  const auto lines = SomeLines();
  const auto expected = translator.TranslateAll(lines);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 3; ++round) {
        if (t % 3 == 2) {
          TranslationJob given_up = translator.Submit(lines, {.sample = true, .seed = t});
          given_up.Cancel();
          continue;
        }
        JobCallbacks callbacks;
        if (t % 3 == 1) callbacks.on_settled = [](size_t, const std::string&) {};
        const auto found = translator.Submit(lines, {}, callbacks).Get();
        for (size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(found[i].n_best[0].text, expected[i].n_best[0].text);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace dragoman
