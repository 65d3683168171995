// SPDX-License-Identifier: Apache-2.0
#include "interop/zip_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/archive_testing.h"
#include "interop/interop_testing.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ZipFilesTest : public testing::Test {
 protected:
  ZipFilesTest()
      : path_(folder_.Write("a.zip", ZipOf({{"pack/metadata.json", "{}"},
                                            {"pack/model/config.json", "inside", /*deflate=*/true},
                                            {"pack/model/x", "x"},
                                            {"pack-more/file", "y"}}))),
        zip_(RealFileSystem(), path_, /*most=*/100) {}

  TestFolder folder_;
  std::string path_;
  ZipFiles zip_;
};

TEST_F(ZipFilesTest, MembersAreFilesAndWhatStandsBeforeThemFolders) {
  EXPECT_EQ(ReadFile(zip_, path_ + "/pack/model/config.json", 100), "inside");
  EXPECT_EQ(ReadFile(zip_, path_ + "/pack-more/file", 100), "y");
  EXPECT_EQ(zip_.Type(path_), FileType::kDirectory);
  EXPECT_EQ(zip_.Type(path_ + "/pack"), FileType::kDirectory);
  EXPECT_EQ(zip_.Type(path_ + "/pack/model"), FileType::kDirectory);
  EXPECT_EQ(zip_.Type(path_ + "/pack/model/x"), FileType::kFile);
  EXPECT_EQ(zip_.Type(path_ + "/pac"), FileType::kNone);
  EXPECT_EQ(zip_.Type(path_ + "/pack/model/x/y"), FileType::kNone);
  EXPECT_EQ(zip_.Type(folder_ / "b.zip"), FileType::kNone);
  EXPECT_FALSE(zip_.Exists("/etc/passwd"));
}

TEST_F(ZipFilesTest, AFolderListsWhatIsInItOnce) {
  EXPECT_THAT(zip_.List(path_), ElementsAre("pack", "pack-more"));
  EXPECT_THAT(zip_.List(path_ + "/pack"), ElementsAre("metadata.json", "model"));
  EXPECT_THAT(zip_.List(path_ + "/pack/model"), ElementsAre("config.json", "x"));
  EXPECT_THAT(zip_.List(path_ + "/nothing"), IsEmpty());
}

TEST_F(ZipFilesTest, WhatIsNotInItOrTooLargeIsAnError) {
  EXPECT_THAT(ErrorIn([&] { zip_.Open(path_ + "/pack/absent"); }), HasSubstr("pack/absent"));
  EXPECT_THAT(ErrorIn([&] { zip_.Open("/etc/passwd"); }), HasSubstr("/etc/passwd"));
  ZipFiles small(RealFileSystem(), path_, /*most=*/5);
  EXPECT_NE(ErrorIn([&] { small.Open(path_ + "/pack/model/config.json"); }), "");
  EXPECT_EQ(ReadFile(small, path_ + "/pack/model/x", 100), "x");
}

TEST_F(ZipFilesTest, NothingIsWritten) {
  const std::string inside = path_ + "/pack/new";
  for (const std::function<void()>& change : std::initializer_list<std::function<void()>>{
           [&] { zip_.Create(inside); }, [&] { zip_.OpenAppend(inside); }, [&] { zip_.Truncate(inside, 0); },
           [&] { zip_.CreateDirectory(inside); }, [&] { zip_.Rename(inside, inside); },
           [&] { zip_.RemoveFile(inside); }, [&] { zip_.RemoveDirectory(inside); },
           [&] { zip_.CreateSymlink("x", inside); }}) {
    EXPECT_THAT(ErrorIn(change), HasSubstr("only read"));
  }
}

TEST_F(ZipFilesTest, WhatIsOpenOutlivesTheZip) {
  std::unique_ptr<ReadableFile> file;
  {
    ZipFiles zip(RealFileSystem(), path_, /*most=*/100);
    file = zip.Open(path_ + "/pack/model/x");
  }
  EXPECT_EQ(file->size(), 1);
}

TEST_F(ZipFilesTest, WhatIsNoZipIsAnError) {
  EXPECT_THAT(ErrorIn([&] { ZipFiles(RealFileSystem(), folder_.Write("b.zip", "PK no"), 100); }), HasSubstr("b.zip"));
  EXPECT_THAT(ErrorIn([&] { ZipFiles(RealFileSystem(), folder_ / "c.zip", 100); }), HasSubstr("c.zip"));
}

}  // namespace
}  // namespace dragoman
