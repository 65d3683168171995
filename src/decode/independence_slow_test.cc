// SPDX-License-Identifier: Apache-2.0
// A sentence's bytes and scores are the same alone, in any batch, order, number of threads and time of arrival: of
// 2,000 sentences, in every weight format, with and without a shortlist.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/rng.h"
#include "decode/translation_service.h"
#include "format/shortlist.h"
#include "format/translation_testing.h"

namespace dragoman {
namespace {

constexpr size_t kSentences = 2000;

// Of 1 to 40 words; some of them equal, empty, or longer than the model takes.
std::vector<std::string> ManySentences(Rng& rng) {
  const std::vector<std::string> parts = TestSentences();
  std::vector<std::string> sentences;
  while (sentences.size() < kSentences) {
    std::string sentence;
    for (uint64_t n = rng.Below(rng.Below(5) == 0 ? 12 : 4); n-- > 0;) sentence += parts[rng.Below(parts.size())] + " ";
    sentences.push_back(sentence);
  }
  return sentences;
}

void Shuffle(std::vector<size_t>& order, Rng& rng) {
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.Below(i)]);
}

Shortlist SomeShortlist(const VocabularyPair& vocabs, Rng& rng) {
  ShortlistTables tables{.frequent = {5, 8, 20}, .begin = {0}, .targets = {}};
  for (int32_t id = 0; id < vocabs.src->rows(); ++id) {
    for (int32_t target = 3; target < vocabs.tgt->rows(); ++target) {
      if (rng.Below(10) == 0) tables.targets.push_back(target);
    }
    tables.begin.push_back(static_cast<int32_t>(tables.targets.size()));
  }
  return {ShortlistBytes(tables, vocabs), "list", vocabs};
}

// An untrained model would say nothing, else.
DecodeOptions Options() { return {.min_length = 5, .no_repeat_ngram = 2}; }

struct Setting {
  WeightFormat format;
  bool shortlist;
};

class IndependenceTest : public testing::TestWithParam<Setting> {
 protected:
  // In groups of random sizes, each a job of its own, that come at random times and are asked for by several threads.
  std::vector<TranslatedLine> InAnyOrder(const std::vector<std::string>& sentences, int threads, Rng& rng) const {
    TranslationService service(*inference_, tables_, threads);
    std::vector<size_t> order(sentences.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    Shuffle(order, rng);
    std::vector<std::pair<std::vector<size_t>, std::shared_ptr<TextJob>>> jobs;
    for (size_t first = 0; first < order.size();) {
      const size_t count = std::min<size_t>(order.size() - first, 1 + rng.Below(1 + rng.Below(200)));
      std::vector<size_t> numbers(order.begin() + static_cast<int64_t>(first),
                                  order.begin() + static_cast<int64_t>(first + count));
      TextWork work{.sources = {}, .options = Options(), .targets = {}};
      for (const size_t number : numbers) work.sources.push_back(sentences[number]);
      jobs.emplace_back(std::move(numbers), std::make_shared<TextJob>(std::move(work)));
      service.Submit(jobs.back().second);
      if (rng.Below(4) == 0) jobs.back().second->WaitFor(std::chrono::milliseconds(rng.Below(20)));
      first += count;
    }
    std::vector<TranslatedLine> all(sentences.size());
    for (auto& [numbers, job] : jobs) {
      std::vector<TranslatedLine> found = job->TakeTranslations();
      for (size_t i = 0; i < numbers.size(); ++i) all[numbers[i]] = std::move(found[i]);
    }
    return all;
  }

  const TranslationModel model_ = RandomTranslationModel(/*end_bias=*/0);
  Rng rng_{17};
  const Shortlist shortlist_ = SomeShortlist(model_.vocabs, rng_);
  const std::unique_ptr<const InferenceModel> inference_ =
      std::make_unique<const InferenceModel>(*model_.model, GetParam().format);
  const TextTables tables_{*model_.vocabs.src, *model_.vocabs.tgt, GetParam().shortlist ? &shortlist_ : nullptr};
};

TEST_P(IndependenceTest, OrderGroupsThreadsAndTimesChangeNothing) {
  const std::vector<std::string> sentences = ManySentences(rng_);
  std::vector<TranslatedLine> alone(sentences.size());
  {
    TranslationService service(*inference_, tables_, /*threads=*/1);
    for (size_t i = 0; i < sentences.size(); ++i)
      alone[i] = std::move(service.Translate({sentences[i]}, Options()).front());
  }
  std::set<std::string> different;
  for (const int threads : {1, 2, 3}) {
    const auto found = InAnyOrder(sentences, threads, rng_);
    for (size_t i = 0; i < sentences.size(); ++i) {
      const Translation &one = alone[i].n_best.front(), &other = found[i].n_best.front();
      ASSERT_EQ(other.text, one.text) << sentences[i];
      ASSERT_EQ(other.log_prob, one.log_prob) << sentences[i];
      ASSERT_EQ(other.score, one.score);
      different.insert(one.text + std::to_string(one.score));
    }
  }
  EXPECT_GT(different.size(), kSentences / 4) << "or the model says too little to tell";
}

std::string NameOf(const testing::TestParamInfo<Setting>& info) {
  return std::string(EnumName(info.param.format)) + (info.param.shortlist ? "WithShortlist" : "");
}

INSTANTIATE_TEST_SUITE_P(AllFormats, IndependenceTest,
                         testing::Values(Setting{WeightFormat::kF32, false}, Setting{WeightFormat::kF32, true},
                                         Setting{WeightFormat::kBf16, false}, Setting{WeightFormat::kBf16, true},
                                         Setting{WeightFormat::kF16, false}, Setting{WeightFormat::kInt8, false},
                                         Setting{WeightFormat::kInt8, true}),
                         NameOf);

}  // namespace
}  // namespace dragoman
