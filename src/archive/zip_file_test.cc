// SPDX-License-Identifier: Apache-2.0
#include "archive/zip_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "archive/archive_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

const std::string kText = "as it is, " + std::string(300, 'x') + ", to its end";

std::string OpenError(const std::string& bytes) {
  return ErrorOf([&] { ZipFile(FileOf(bytes), "models.zip"); });
}
std::string ReadError(const std::string& bytes, const std::string& name, int64_t most = 10'000) {
  return ErrorOf([&] { ZipFile(FileOf(bytes), "models.zip").Read(name, most); });
}

TEST(ZipFileTest, StoredAndDeflatedMembersAreRead) {
  const ZipFile zip(FileOf(ZipOf({{"a/", ""}, {"a/stored", kText}, {"deflated", kText, true}, {"empty", ""}})), "z");
  ASSERT_EQ(zip.members().size(), 3u);  // a folder is none
  EXPECT_TRUE(zip.members().at("a/stored").stored);
  EXPECT_FALSE(zip.members().at("deflated").stored);
  EXPECT_EQ(zip.members().at("deflated").size, static_cast<int64_t>(kText.size()));
  EXPECT_LT(zip.members().at("deflated").packed, 100);
  for (const char* name : {"a/stored", "deflated"}) {
    EXPECT_EQ(zip.Read(name, 1000), kText) << name;
    EXPECT_EQ(zip.ReadBeginning(name, 5), "as it") << name;
    EXPECT_EQ(zip.ReadBeginning(name, 1000), kText) << name;
    EXPECT_EQ(zip.Open(name, 1000)->Map().size(), kText.size()) << name;
  }
  EXPECT_EQ(zip.Read("empty", 0), "");
  EXPECT_EQ(zip.Open("empty", 0)->size(), 0);
}

TEST(ZipFileTest, AStoredMemberIsAViewOfTheMappedFile) {
  auto file = FileOf(ZipOf({{"first", "1"}, {"second", kText}}));
  const std::span<const char> mapped = file->Map();
  auto zip = std::make_unique<ZipFile>(std::move(file), "models.zip");
  const std::unique_ptr<ReadableFile> view = zip->Open("second", 1000);
  zip.reset();  // the view keeps the file
  EXPECT_GE(view->Map().data(), mapped.data());
  EXPECT_LE(view->Map().data() + view->Map().size(), mapped.data() + mapped.size());
  std::string read(5, '\0');
  view->Read(3, read);
  EXPECT_EQ(read, "it is");
  EXPECT_THROW(view->Read(view->size() - 4, read), FileError);
  EXPECT_THROW(view->Read(-1, read), FileError);
}

TEST(ZipFileTest, DamageIsNoticedByTheChecksum) {
  std::string bytes = ZipOf({{"stored", kText}, {"deflated", kText, true}});
  std::string damaged = bytes;
  damaged[bytes.find("to its end")] = 'T';
  EXPECT_THAT(ReadError(damaged, "stored"), HasSubstr("models.zip: member \"stored\" has the checksum "));
  EXPECT_EQ(ReadError(damaged, "deflated"), "nothing was thrown");
  EXPECT_THAT(ReadError(ZipOf({{"deflated", kText, true, {}, 7}}), "deflated"),
              HasSubstr("member \"deflated\" is damaged (CRC error); the file is damaged or no zip"));
  EXPECT_EQ(ReadError(ZipOf({{"stored", kText, false, {}, 0}}), "stored"), "nothing was thrown");  // not computed
}

TEST(ZipFileTest, AMemberLargerThanExpectedIsRefusedBeforeItIsUnpacked) {
  for (const bool deflate : {false, true}) {
    const std::string bytes = ZipOf({{"member", kText, deflate}});
    EXPECT_EQ(ReadError(bytes, "member", static_cast<int64_t>(kText.size())), "nothing was thrown");
    EXPECT_THAT(ReadError(bytes, "member", 100),
                HasSubstr("member \"member\" has " + std::to_string(kText.size()) + " bytes, expected at most 100"));
    EXPECT_THROW(ZipFile(FileOf(bytes), "z").Open("member", 100), FormatError);
  }
}

TEST(ZipFileTest, SizesThatLieAreRefused) {
  EXPECT_THAT(ReadError(ZipOf({{"m", kText, true, 1000}}), "m"), HasSubstr("unpacked it has 322 bytes, expected 1000"));
  EXPECT_THAT(ReadError(ZipOf({{"m", kText, true, 100}}), "m"),
              HasSubstr("unpacked it has more than 100 bytes, expected 100"));
  EXPECT_THAT(OpenError(ZipOf({{"m", kText, true, 1'000'000'000}})),
              HasSubstr("claims 1000000000 bytes, more than its "));
  ZipPart beyond{"m", kText, false, 460};
  beyond.claimed_packed = 460;
  EXPECT_THAT(OpenError(ZipOf({{"some space", std::string(100, ' ')}, beyond})),
              HasSubstr("member \"m\" ends beyond the file"));
  beyond.claimed_packed = beyond.claimed_size = 100'000;
  EXPECT_THAT(OpenError(ZipOf({beyond})), HasSubstr("has 100000 packed bytes in a file of "));
  EXPECT_THAT(OpenError(ZipOf({{"m", kText, false, 1000}})), HasSubstr("is stored as 322 bytes, expected its 1000"));
}

// Members that share their bytes claim more than the file has; zeros deflate to a thousandth.
TEST(ZipFileTest, BombsAreRefusedWhenTheyAreOpened) {
  std::vector<ZipPart> parts = {{"0", kText}};
  for (int i = 1; i < 10; ++i) parts.push_back({std::to_string(i), kText, false, {}, {}, {}, 0, true});
  EXPECT_THAT(OpenError(ZipOf(parts)), HasSubstr("its members have more bytes than the file"));
  EXPECT_THAT(OpenError(ZipOf({{"zeros", std::string(ZipFile::kMostSmall + 1, '\0'), true}})),
              HasSubstr("its members claim 67108865 bytes when unpacked, expected at most 67108864"));
}

TEST(ZipFileTest, NamesThatLeadOutOfTheZipAreRefused) {
  for (const char* name : {"/etc/passwd", "..", "../up", "a/../../up", "a/..", ""}) {
    EXPECT_THAT(OpenError(ZipOf({{name, "x"}})), HasSubstr("expected the path of a file inside of the zip")) << name;
  }
  EXPECT_EQ(OpenError(ZipOf({{"a..b/...", "x"}, {".hidden", "x"}})), "nothing was thrown");
  EXPECT_THAT(OpenError(ZipOf({{"a", "x"}, {"a", "y"}})), HasSubstr("member \"a\" is there twice"));
}

TEST(ZipFileTest, WhatIsNotReadIsRefusedByName) {
  EXPECT_THAT(OpenError(ZipOf({{"m", "x", false, {}, {}, 12}})), HasSubstr("is packed by method 12, expected 0"));
  EXPECT_THAT(OpenError(ZipOf({{"m", "x", false, {}, {}, {}, 1}})), HasSubstr("member \"m\" is encrypted"));
  EXPECT_THAT(OpenError("no zip at all"), HasSubstr("models.zip: is no zip"));
  EXPECT_THAT(OpenError(""), HasSubstr("is no zip"));
  EXPECT_THAT(OpenError("PK\5\6" + std::string(3, '\0')), HasSubstr("cannot be read as a zip"));
  std::string ends;
  for (int i = 0; i < 1000; ++i) ends += "PK\5\6" + std::string(18, '\0');
  EXPECT_THAT(OpenError(ends), HasSubstr("has 1000 ends of a zip"));
  EXPECT_THAT(ReadError(ZipOf({{"model/weights", "x"}}), "model/weight"),
              HasSubstr("has no member \"model/weight\" among its 1; the nearest name is \"model/weights\""));
}

TEST(ZipFileTest, ManyThreadsReadAtOnce) {
  const ZipFile zip(FileOf(ZipOf({{"stored", kText}, {"deflated", kText, true}})), "models.zip");
  std::vector<std::thread> threads;
  std::vector<int> right(4, 0);
  for (size_t i = 0; i < right.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 200; ++round) right[i] += zip.Read(i % 2 == 0 ? "stored" : "deflated", 1000) == kText;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(right, testing::Each(200));
}

}  // namespace
}  // namespace dragoman
