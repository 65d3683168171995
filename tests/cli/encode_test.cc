// SPDX-License-Identifier: Apache-2.0
// dragoman encode and decode: text to pieces or ids, and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/cli_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Vocabularies of a few words: the characters of the text, or any character at all as bytes, or NFKC first.
std::string VocabularyWith(const Args& options, const std::string& name, const std::string& size) {
  const std::string text = WriteScratch("words", "the cat sat on a mat\nthe mat sat on a cat\n我 爱 你\nA B, C.\n");
  const Finished made =
      Dragoman(Args{"vocab", "--input", text, "--size", size, "--type", "bpe", "--output", Scratch(name)} + options);
  EXPECT_EQ(made.code, 0) << made.err;
  return Scratch(name);
}
std::string Plain() {
  static const std::string path = VocabularyWith({}, "plain.model", "40");
  return path;
}
std::string Bytes() {
  static const std::string path = VocabularyWith({"--byte-fallback"}, "bytes.model", "300");
  return path;
}

Finished Encode(const std::string& vocab, const std::string& text, const Args& flags = {}) {
  return Dragoman(Args{"encode", "--vocab", vocab} + flags, text);
}
Finished Decode(const std::string& vocab, const std::string& text, const Args& flags = {}) {
  return Dragoman(Args{"decode", "--vocab", vocab} + flags, text);
}

TEST(EncodeTest, PiecesAndIdsOfALineAreALine) {
  const Finished pieces = Encode(Plain(), "the cat\n\n我\n");
  EXPECT_EQ(pieces.code, 0) << pieces.err;
  EXPECT_EQ(pieces.err, "");
  const auto lines = Lines(pieces.out);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[0], testing::StartsWith("\xE2\x96\x81"));  // U+2581
  EXPECT_EQ(lines[1], "");
  const Finished ids = Encode(Plain(), "the cat\n\n我\n", {"--output-format", "ids"});
  EXPECT_THAT(Lines(ids.out)[0], testing::MatchesRegex("[0-9]+( [0-9]+)*"));
  EXPECT_EQ(std::count(lines[0].begin(), lines[0].end(), ' '),
            std::count(ids.out.begin(), ids.out.begin() + static_cast<long>(Lines(ids.out)[0].size()), ' '));
}

TEST(EncodeTest, SpecialTokensAreLeftOutUnlessAskedFor) {
  EXPECT_EQ(Encode(Plain(), "\n", {"--special-tokens"}).out, "</s>\n");
  EXPECT_EQ(Encode(Plain(), "\n", {"--special-tokens", "--output-format", "ids"}).out, "2\n");
  EXPECT_EQ(Decode(Plain(), Encode(Plain(), "the cat\n", {"--special-tokens"}).out).out, "the cat\n");
  EXPECT_EQ(Decode(Plain(), "1 2\n", {"--input-format", "ids"}).out, "\n");
}

// Whatever the vocabulary keeps of a text comes back: all characters where unknown ones become bytes, but for runs of
// spaces, which its normalisation makes one, and other ASCII white space, which counts as a space.
TEST(EncodeTest, TextComesBackExactly) {
  const std::string kept =
      "the cat\n🐉 👩‍👩‍👧 ok\n我爱你！\n\x01\x02\x1B[31m \x7F\n a\xC2\xA0z\n\xE3\x80\x80\n\n<0x41> "
      "<s> "
      "</s> "
      "<unk>\n";
  for (const Args& format : {Args{"pieces"}, Args{"ids"}}) {
    const Finished encoded = Encode(Bytes(), kept, {"--output-format", format[0]});
    EXPECT_EQ(encoded.code, 0) << encoded.err;
    const Finished decoded = Decode(Bytes(), encoded.out, {"--input-format", format[0]});
    EXPECT_EQ(decoded.code, 0) << decoded.err;
    EXPECT_EQ(Lines(decoded.out)[0], "the cat");
    EXPECT_EQ(Lines(decoded.out)[1], "🐉 👩‍👩‍👧 ok");
    EXPECT_EQ(Lines(decoded.out)[3], "\x01\x02\x1B[31m \x7F");
    EXPECT_EQ(Lines(decoded.out)[4], "a\xC2\xA0z");  // the space in front is gone
    EXPECT_EQ(Lines(decoded.out)[7], "<0x41> <s> </s> <unk>");
    EXPECT_EQ(Lines(decoded.out).size(), 8u);
  }
  EXPECT_EQ(Decode(Bytes(), Encode(Bytes(), "  the \t cat\r\n").out).out, "the cat\n");
}

TEST(EncodeTest, RulesOfTheVocabularyAreApplied) {
  const std::string nfkc = VocabularyWith({"--normalization", "nfkc", "--byte-fallback"}, "nfkc.model", "300");
  EXPECT_EQ(Decode(nfkc, Encode(nfkc, "Ａ，Ｂ\n").out).out, "A,B\n");
}

TEST(EncodeTest, WhatTheVocabularyCannotWriteIsCounted) {
  const Finished run = Encode(Plain(), "the dragon 🐉\nthe cat\n");
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(run.out, HasSubstr("<unk>"));
  EXPECT_THAT(run.err, AllOf(HasSubstr("<unk>"), HasSubstr("in 1 line")));
  EXPECT_EQ(Encode(Plain(), "🐉\n", {"--quiet"}).err, "");
}

TEST(EncodeTest, DecodeNamesTheLineOfWhatIsNoPieceOrId) {
  const std::string good = Encode(Plain(), "the cat\n").out;
  const Finished piece = Decode(Plain(), good + "dragon\n");
  EXPECT_EQ(piece.code, 1);
  EXPECT_EQ(Lines(piece.err).size(), 1u);
  EXPECT_THAT(piece.err, AllOf(HasSubstr("stdin:2: \"dragon\" is not a piece of"), HasSubstr("--input-format ids")));
  for (const char* id : {"40", "-1", "4.5", "0x3", "99999999999999", "the"}) {
    const Finished run = Decode(Plain(), std::string("3\n4 ") + id + "\n", {"--input-format", "ids"});
    EXPECT_EQ(run.code, 1) << id;
    EXPECT_THAT(run.err,
                AllOf(HasSubstr("stdin:2: \"" + std::string(id) + "\" is not an id of"), HasSubstr("0 to 39")));
  }
}

TEST(EncodeTest, FilesMayBeGzipAndTheOutputIsWholeOrNotThere) {
  const std::string text = WriteScratch("text", "the cat\nthe mat\n");
  ASSERT_EQ(Bash("gzip -c " + text + " > " + text + ".gz").code, 0);
  const std::string out = Scratch("encoded");
  const Finished run = Encode(Plain(), "", {"--input", text + ".gz", "--output", out});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(FileText(out), Encode(Plain(), "", {"--input", text}).out);
  EXPECT_EQ(FileText(out), Encode(Plain(), "the cat\nthe mat\n", {"--input", "-", "--output", "-"}).out);

  const std::string bad = WriteScratch("bad", "the cat\n\xFF\n");
  const Finished failed = Encode(Plain(), "", {"--input", bad, "--output", out});
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.err, HasSubstr(bad + ":2: byte 1 of the line, 0xFF, is not valid UTF-8"));
  EXPECT_EQ(Lines(FileText(out)).size(), 2u);  // as it was
  EXPECT_EQ(Bash("ls -A " + Scratch("") + " | grep tmp").out, "");
}

TEST(EncodeTest, AWaitingProgramIsAnsweredLineByLine) {
  RunningDragoman encode({"encode", "--vocab", Plain()});
  encode.Write("the cat\n");
  EXPECT_NE(encode.ReadLine(20), "");
  encode.Write("the mat\n");
  EXPECT_NE(encode.ReadLine(20), "");
  encode.CloseInput();
  EXPECT_EQ(encode.Wait(), 0);
}

TEST(EncodeTest, AModelHasItsVocabulariesBySide) {
  const std::string& run = TinyRun();
  const Finished of_run = Dragoman({"encode", "--model", run, "--output-format", "ids"}, "a b c\n");
  EXPECT_EQ(of_run.code, 0) << of_run.err;
  EXPECT_EQ(of_run.out, Dragoman({"encode", "--vocab", Scratch("V.model"), "--output-format", "ids"}, "a b c\n").out);
  EXPECT_EQ(of_run.out, Dragoman({"encode", "--model", run, "--side", "tgt", "--output-format", "ids"}, "a b c\n").out);
  EXPECT_EQ(Dragoman({"decode", "--model", run, "--input-format", "ids"}, of_run.out).out, "a b c\n");

  ASSERT_EQ(Bash("mkdir -p " + Scratch("two") + " && cp " + run + "/best/config.json " + Scratch("two") + " && cp " +
                 Plain() + " " + Scratch("two/src.model") + " && cp " + Bytes() + " " + Scratch("two/tgt.model"))
                .code,
            0);
  EXPECT_EQ(Dragoman({"encode", "--model", Scratch("two"), "--quiet"}, "🐉\n").out, Encode(Plain(), "🐉\n").out);
  EXPECT_EQ(Dragoman({"encode", "--model", Scratch("two"), "--side", "tgt"}, "🐉\n").out, Encode(Bytes(), "🐉\n").out);
}

// What tests/interop/record_byte_bpe.py trained.
constexpr char kByteBpe[] = "tests/interop/recorded/byte_bpe/tokenizer.json";

TEST(EncodeTest, ABytelevelBpeKeepsEveryCharacterAndEverySpace) {
  const std::string text =
      "the cat\n  two  \t blanks \n🐉 👩‍👩‍👧 für 我爱你！\n</s> <unk> <0x41> ▁ "
      "Ġ\n\n\x01\x1B[31m\n";
  for (const Args& format : {Args{"pieces"}, Args{"ids"}}) {
    const Finished encoded = Encode(kByteBpe, text, {"--output-format", format[0]});
    EXPECT_EQ(encoded.code, 0) << encoded.err;
    EXPECT_EQ(encoded.err, "");
    EXPECT_EQ(Decode(kByteBpe, encoded.out, {"--input-format", format[0]}).out, text);
  }
  EXPECT_EQ(Encode(kByteBpe, "the für\n", {"--special-tokens"}).out, "the ▁f ü r </s>\n");
  EXPECT_EQ(Decode(kByteBpe, "<0xC3> <0xBC> <0xC3> <0x0A> r\n").out, "ü\uFFFD r\n");
}

TEST(EncodeTest, AListOfWordsLooksThemUp) {
  const std::string list = WriteScratch("words.list", "#dragoman-words 1\n</s>\n<unk>\nder\nBei@@\nspiel\n");
  const Finished encoded = Encode(list, "der Bei@@ spiel\nder Hund </s>\n", {"--output-format", "ids"});
  EXPECT_EQ(encoded.out, "2 3 4\n2 1 1\n");
  EXPECT_THAT(encoded.err, HasSubstr("2 <unk> in 1 line"));
  EXPECT_EQ(Decode(list, "der Bei@@ spiel <unk> </s>\n").out, "der Bei@@ spiel \u2047\n");
}

TEST(EncodeTest, WrongUseIsRefusedBeforeAnythingIsRead) {
  for (const auto& [args, message] : std::vector<std::pair<Args, std::string>>{
           {{"encode"}, "--model and --vocab are not given"},
           {{"decode", "--vocab", Plain(), "--model", "x"}, "--model and --vocab are both given"},
           {{"encode", "--vocab", Plain(), "--side", "tgt"}, "--side is given with --vocab"},
           {{"encode", "--vocab", Plain(), "--output-format", "words"}, "expected pieces, ids"},
           {{"decode", "--model", "x", "--side", "left"}, "--side is \"left\", expected src, tgt"}}) {
    const Finished run = Dragoman(args);
    EXPECT_EQ(run.code, 2) << run.err;
    EXPECT_THAT(run.err, HasSubstr(message));
    EXPECT_EQ(run.out, "");
  }
  EXPECT_EQ(Encode(Scratch("nothing"), "").code, 1);
}

}  // namespace
}  // namespace dragoman
