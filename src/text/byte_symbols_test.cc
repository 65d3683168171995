// SPDX-License-Identifier: Apache-2.0
#include "text/byte_symbols.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace dragoman {
namespace {

std::string AllBytes() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
  return bytes;
}

TEST(ByteSymbolsTest, EachByteHasASymbolOfItsOwnAndComesBack) {
  std::string symbols;
  std::set<std::string> different;
  for (const char byte : AllBytes()) {
    symbols += SymbolOfByte(static_cast<unsigned char>(byte));
    different.insert(SymbolOfByte(static_cast<unsigned char>(byte)));
  }
  EXPECT_EQ(different.size(), 256u);
  EXPECT_EQ(BytesOfSymbols(symbols), AllBytes());
  EXPECT_EQ(SymbolOfByte(' '), "Ġ");
  EXPECT_EQ(SymbolOfByte('\n'), "Ċ");
  EXPECT_EQ(SymbolOfByte('~'), "~");
  EXPECT_EQ(SymbolOfByte(0x7F), "ġ");
  EXPECT_EQ(SymbolOfByte(0xAD), "Ń");
  EXPECT_EQ(SymbolOfByte(0xFF), "ÿ");
}

TEST(ByteSymbolsTest, WhatHasAnotherCharacterStandsForItself) {
  EXPECT_EQ(BytesOfSymbols("Ġthe"), " the");
  EXPECT_EQ(BytesOfSymbols("å¥½"), "好");
  for (const char* other : {"", "好", "Ġ好", "a b", "\u0144", "a\nb"}) EXPECT_EQ(BytesOfSymbols(other), other);
}

TEST(ByteSymbolsTest, BytesArePrintedAsTextThatCanBeSeen) {
  for (const auto& [bytes, printed] :
       std::vector<std::pair<std::string, std::string>>{{"the", "the"},
                                                        {" the", "▁the"},
                                                        {"für", "für"},
                                                        {"\xC3", "<0xC3>"},
                                                        {"\xBCr", "<0xBC>r"},
                                                        {" \xF0\x9F\x98", "▁<0xF0><0x9F><0x98>"},
                                                        {"🐉", "🐉"},
                                                        {"\n\t", "<0x0A><0x09>"},
                                                        {"\u00A0", "<0xC2><0xA0>"},
                                                        {"\u200D", "<0xE2><0x80><0x8D>"},
                                                        {"▁", "<0xE2><0x96><0x81>"},
                                                        {"<0x41>", "<0x3C>0x41>"},
                                                        {"<0x4>", "<0x4>"},
                                                        {"<0xe2>", "<0xe2>"},
                                                        {"", ""}}) {
    EXPECT_EQ(PrintedBytes(bytes), printed);
  }
}

TEST(ByteSymbolsTest, WhatDiffersIsPrintedDifferentlyAndWithoutBlanks) {
  std::set<std::string> printed;
  const std::string all = AllBytes();
  for (const char first : all) {
    printed.insert(PrintedBytes(std::string{first}));
    for (const char second : all) printed.insert(PrintedBytes(std::string{first, second}));
  }
  EXPECT_EQ(printed.size(), 256u + 256u * 256u);
  for (const std::string& text : printed) {
    ASSERT_TRUE(IsValidUtf8(text));
    ASSERT_EQ(text.find_first_of(" \t\n\v\f\r"), std::string::npos);
  }
}

// Expected: what Python 3.11 makes of them with errors="replace".
TEST(ByteSymbolsTest, MalformedCharactersAreReplacedAsPythonDoes) {
  for (const auto& [bytes, text] : std::vector<std::pair<std::string, std::string>>{
           {"", ""},
           {"plain", "plain"},
           {"a\x80z", "a\uFFFDz"},
           {"\xE2\x82x\xE2\xC3\xF0\x9F\x98你", "\uFFFDx\uFFFD\uFFFD\uFFFD你"},
           {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
           {"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
           {"\xE0\x80", "\uFFFD\uFFFD"},
           {"\xF0\x90\x80", "\uFFFD"},
           {"\xF0\x90\x80\xF0\x90\x80\x80", "\uFFFD\U00010000"},
           {"\xC0\xAF", "\uFFFD\uFFFD"},
           {"\xF5\x80\xFF", "\uFFFD\uFFFD\uFFFD"}}) {
    EXPECT_EQ(TextOfBytes(bytes), text) << testing::PrintToString(bytes);
  }
}

}  // namespace
}  // namespace dragoman
