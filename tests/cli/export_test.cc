// SPDX-License-Identifier: Apache-2.0
// dragoman export: another program's files of a model, which come back as the model that went; what cannot go is one
// clear line, and leaves nothing behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file_system.h"
#include "tests/cli/cli_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Finished Export(const std::string& model, const std::string& output, const std::string& to = "huggingface") {
  return Dragoman({"export", "--model", model, "--to", to, "--output", output});
}

// The one line of an export that must fail, and leave nothing.
std::string ExportError(const std::string& model, int code = 2) {
  const std::string parent = Scratch("refused");
  RemoveAll(RealFileSystem(), parent);
  const Finished run = Export(model, parent + "/theirs");
  EXPECT_EQ(run.code, code) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(Lines(run.err).size(), 1u) << run.err;
  if (RealFileSystem().Exists(parent)) {
    EXPECT_THAT(RealFileSystem().List(parent), IsEmpty());
  }
  return run.err;
}

TEST(ExportTest, WhatComesBackTranslatesTheSame) {
  const Finished exported = Export(TinyRun(), Scratch("theirs"));
  ASSERT_EQ(exported.code, 0) << exported.err;
  EXPECT_THAT(exported.out, AllOf(HasSubstr("theirs: marian (Hugging Face), "), HasSubstr("parameters")));
  EXPECT_EQ(exported.err, "");
  ASSERT_EQ(Dragoman({"import", Scratch("theirs"), "--output", Scratch("back")}).code, 0);
  RealFileSystem().RemoveFile(Scratch("back/decode_options.json"));  // which has it search as transformers does
  for (const char* const beams : {"1", "4"}) {
    const auto translate = [&](const std::string& model) {
      return Dragoman({"translate", "--model", model, "--beam-size", beams}, "a b c\nd e\nf\n").out;
    };
    EXPECT_EQ(translate(TinyRun()), translate(Scratch("back")));
  }
}

TEST(ExportTest, WhatIsThereAlreadyStays) {
  RealFileSystem().CreateDirectory(Scratch("full"));
  WriteScratch("full/notes.txt", "mine");
  const Finished refused = Export(TinyRun(), Scratch("full"));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("holds notes.txt"), HasSubstr("a new directory")));
  const Finished itself = Export(TinyRun(), TinyRun());
  EXPECT_EQ(itself.code, 2);
  EXPECT_EQ(Export(TinyRun(), "-").code, 2);
}

TEST(ExportTest, ATargetIsOneThatIsKnown) {
  const Finished wrong = Export(TinyRun(), Scratch("nowhere"), "fairseq");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, AllOf(HasSubstr("--to"), HasSubstr("huggingface")));
  EXPECT_THAT(Dragoman({"export", "--model", TinyRun(), "--output", "x"}).err, HasSubstr("--to"));
}

TEST(ExportTest, RoundedWeightsAreRefused) {
  ASSERT_EQ(Dragoman({"quantize", "--model", TinyRun(), "--output", Scratch("packed")}).code, 0);
  EXPECT_THAT(ExportError(Scratch("packed"), /*code=*/1), HasSubstr("take the model that it was made of"));
}

TEST(ExportTest, WhatThereIsNoPlaceForIsNamed) {
  const Finished trained = Dragoman(TinyTraining() + Args{"--max-steps", "2", "--gated", "--output", Scratch("gated")});
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_THAT(ExportError(Scratch("gated")),
              AllOf(HasSubstr("gated is true, expected false"), Not(HasSubstr("heads"))));
}

}  // namespace
}  // namespace dragoman
