// SPDX-License-Identifier: Apache-2.0
#include "cli/chunk_output.h"

#include <gtest/gtest.h>

#include <string>

#include "data/corpus_testing.h"

namespace dragoman {
namespace {

TEST(ChunkOutputTest, OnlyASoundPartOfTheSamePlaceAndFingerprintIsTakenForAChunk) {
  const TestDirectory directory;
  const std::string path = directory / "out";
  OutputToFile(RealFileSystem(), path)->Put(/*index=*/0, /*fingerprint=*/7, {"translated\n", "", {}});
  {
    const auto again = OutputToFile(RealFileSystem(), path);
    EXPECT_FALSE(again->Has(0, 8)) << "other flags, model or text";
    EXPECT_FALSE(again->Has(1, 7));
    EXPECT_TRUE(again->Has(0, 7));
  }
  directory.Write("out.parts/00000000-0000000000000007", "half of someth");
  EXPECT_FALSE(OutputToFile(RealFileSystem(), path)->Has(0, 7));
}

}  // namespace
}  // namespace dragoman
