// SPDX-License-Identifier: Apache-2.0
#include "data/token_spool.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <functional>

#include "base/byte_hash.h"
#include "data/corpus_testing.h"

namespace dragoman {
namespace {

constexpr uint64_t kFingerprint = 7;

class TokenSpoolTest : public testing::Test {
 protected:
  TokenSpoolTest() {
    SpoolWriter writer(&files_, path_, /*id_bytes=*/2);
    const int32_t src[] = {5, 6}, tgt[] = {7, 8, 9};
    for (int i = 0; i < 4; ++i) writer.AddPair(src, tgt);
    CorpusReport report;
    report.pairs = 4;
    writer.Finish({&report, 1}, kFingerprint);
    whole_ = FileBytes(path_);
  }

  // Whether the spool opens after `change`, made by somebody who knows how to compute its hashes.
  bool OpensWith(const std::function<void(std::string* body, SpoolTrailer* trailer)>& change) {
    std::string body = whole_.substr(0, whole_.size() - sizeof(SpoolTrailer));
    SpoolTrailer trailer;
    std::memcpy(&trailer, whole_.data() + body.size(), sizeof trailer);
    change(&body, &trailer);
    trailer.body_hash = HashBytes(body);
    trailer.trailer_hash = HashBytes({reinterpret_cast<const char*>(&trailer), offsetof(SpoolTrailer, trailer_hash)});
    WriteFile(files_, path_, body + std::string(reinterpret_cast<const char*>(&trailer), sizeof trailer));
    return TryOpenSpool(&files_, path_, kFingerprint).has_value();
  }

  FileSystem& files_ = RealFileSystem();
  const TestDirectory directory_;
  const std::string path_ = directory_ / "corpus.tokens";
  std::string whole_;
};

TEST_F(TokenSpoolTest, WhatWasWrittenOpens) {
  EXPECT_TRUE(OpensWith([](std::string*, SpoolTrailer*) {}));
  EXPECT_FALSE(TryOpenSpool(&files_, path_, kFingerprint + 1));
}

// The sizes add up to the file's in 64 bits that wrap around, or not at all.
TEST_F(TokenSpoolTest, SizesThatCannotBeAreNotBelieved) {
  EXPECT_FALSE(OpensWith([](auto*, SpoolTrailer* t) { t->report.pairs += int64_t{1} << 62; }));
  EXPECT_FALSE(OpensWith([](auto*, SpoolTrailer* t) { t->report.pairs = -t->report.pairs; }));
  EXPECT_FALSE(OpensWith([](auto*, SpoolTrailer* t) { t->ids += uint64_t{1} << 63; }));
  EXPECT_FALSE(OpensWith([](auto*, SpoolTrailer* t) { t->report.pairs -= 2, t->ids += 4; }));
  for (const uint64_t width : {1, 4, 5, 10, 20, 40}) {
    EXPECT_FALSE(OpensWith([&](auto*, SpoolTrailer* t) { t->ids = t->ids * 2 / width, t->id_bytes = width; })) << width;
  }
  EXPECT_FALSE(OpensWith([](auto* body, SpoolTrailer* t) { body->erase(0, t->ids * 2), t->ids = t->id_bytes = 0; }));
}

TEST_F(TokenSpoolTest, LengthsThatAreNotThoseOfTheIdsAreNotBelieved) {
  constexpr size_t kReport = sizeof(CorpusReport);  // after the lengths
  for (size_t i = 1; i <= 16; ++i) {
    EXPECT_FALSE(OpensWith([&](std::string* body, auto*) { (*body)[body->size() - kReport - i] ^= 3; })) << i;
  }
  EXPECT_FALSE(OpensWith([](std::string* body, auto*) {  // 0 and 7 instead of 3 and 4: as many, but one is none
    (*body)[body->size() - kReport - 4] = 0;
    (*body)[body->size() - kReport - 2] = 7;
  }));
}

TEST_F(TokenSpoolTest, ReportsThatDoNotHaveThePairsAreNotBelieved) {
  const auto opens_with_pairs = [&](int64_t pairs) {
    return OpensWith([&](std::string* body, auto*) {
      std::memcpy(body->data() + body->size() - sizeof(CorpusReport) + offsetof(CorpusReport, pairs), &pairs,
                  sizeof pairs);
    });
  };
  EXPECT_TRUE(opens_with_pairs(4));
  for (const int64_t pairs : {int64_t{0}, int64_t{3}, int64_t{5}, int64_t{-4}, INT64_MAX}) {
    EXPECT_FALSE(opens_with_pairs(pairs)) << pairs;
  }
  EXPECT_FALSE(OpensWith([](auto*, SpoolTrailer* t) { ++t->texts; }));
  EXPECT_FALSE(OpensWith([](auto*, SpoolTrailer* t) { t->texts = uint64_t{1} << 63; }));
  EXPECT_FALSE(OpensWith(
      [](std::string* body, SpoolTrailer* t) { body->resize(body->size() - sizeof(CorpusReport)), t->texts = 0; }));
}

}  // namespace
}  // namespace dragoman
