// SPDX-License-Identifier: Apache-2.0
#include "metrics/tokenizer_fit.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dragoman {
namespace {

using Lines = std::vector<std::string>;

// The name of the better tokenizer, or "".
std::string Better(BleuTokenizer tokenizer, const Lines& references) {
  BleuTokenizerFit fit(tokenizer);
  for (const std::string& reference : references) fit.Add(reference);
  return fit.Better() ? std::string(EnumName(*fit.Better())) : "";
}

RougeRemedy Remedy(RougeTokenizer tokenizer, const Lines& references) {
  RougeTokenizerFit fit(tokenizer);
  for (const std::string& reference : references) fit.Add(reference);
  return fit.Remedy();
}

const Lines kChinese = {"我昨天买了两本书，一共35元。", "我爱你", "你好！", "他用 Linux 写程序。"};
const Lines kJapanese = {"私は学生です。", "コンピューターで音楽を聞きます。", "こんにちは"};
const Lines kThai = {"ฉันรักคุณ", "เมื่อวานนี้ฉันซื้อหนังสือสองเล่ม ราคา 35 บาท", "สวัสดีครับ"};
const Lines kLao = {"ຂ້ອຍຮັກເຈົ້າ", "ສະບາຍດີ"};
const Lines kKhmer = {"ខ្ញុំស្រឡាញ់អ្នក", "ជំរាបសួរ"};
const Lines kBurmese = {"ငါမင်းကိုချစ်တယ်", "မင်္ဂလာပါ"};
const Lines kTibetan = {"ང་ཁྱེད་ལ་དགའ་པོ་ཡོད།", "བཀྲ་ཤིས་བདེ་ལེགས།"};

// With blanks, or without words to part.
const std::vector<Lines> kSound = {
    {"Ein Haus, zwei Häuser."},
    {"Рыжий кот спит на диване.", "Да"},
    {"القطة تنام على الأريكة", "نعم"},
    {"나는 어제 책 두 권을 샀다.", "안녕하세요", "대한민국"},
    {"Wörter", "Haus"},
    {"12", "3.5", "2024"},
    {"我 昨天 买 了 两 本 书 ， 一共 35 元 。", "我 爱 你"},  // cut already
    {"昨日 私 は コンピューター を 買い まし た 。"},
    {"ฉัน รัก คุณ", "เมื่อวานนี้ ฉัน ซื้อ หนังสือ สอง เล่ม"},
    {"The word 中文 means Chinese, and 日本語 means Japanese."},
    {"नमस्ते दुनिया", "मैं तुमसे प्यार करता हूँ"},
    {"שלום עולם"},
    {""},
    {},
};

TEST(BleuTokenizerFitTest, TextWithoutBlanksNeedsAnotherTokenizer) {
  for (const BleuTokenizer tokenizer : {BleuTokenizer::k13a, BleuTokenizer::kIntl, BleuTokenizer::kNone}) {
    EXPECT_EQ(Better(tokenizer, kChinese), "zh");
    EXPECT_EQ(Better(tokenizer, {"你好"}), "zh");
    for (const Lines& lines : {kJapanese, kThai, kLao, kKhmer, kBurmese}) EXPECT_EQ(Better(tokenizer, lines), "char");
  }
  EXPECT_EQ(Better(BleuTokenizer::k13a, kTibetan), "char");
  EXPECT_EQ(Better(BleuTokenizer::kZh, kThai), "char");
  EXPECT_EQ(Better(BleuTokenizer::kZh, kChinese), "");
  for (const Lines& lines : {kChinese, kJapanese, kThai, kLao, kKhmer, kBurmese, kTibetan}) {
    EXPECT_EQ(Better(BleuTokenizer::kChar, lines), "");
  }
}

TEST(BleuTokenizerFitTest, TextWithBlanksIsNoCauseForAlarm) {
  for (const Lines& lines : kSound) {
    for (const BleuTokenizer tokenizer :
         {BleuTokenizer::k13a, BleuTokenizer::kIntl, BleuTokenizer::kNone, BleuTokenizer::kZh, BleuTokenizer::kChar}) {
      EXPECT_EQ(Better(tokenizer, lines), "") << testing::PrintToString(lines);
    }
  }
}

TEST(BleuTokenizerFitTest, AFewSuchLinesAreNoCauseForAlarm) {
  Lines lines(3, "A house.");
  lines.push_back("我昨天买了两本书");
  EXPECT_EQ(Better(BleuTokenizer::k13a, lines), "");
  lines.insert(lines.end(), 2, "我昨天买了两本书");
  EXPECT_EQ(Better(BleuTokenizer::k13a, lines), "zh");
}

TEST(RougeTokenizerFitTest, NoticesTextThatItsTokenizerDrops) {
  const Lines russian = {"Рыжий кот спит на диване.", "В 2020 году"};
  EXPECT_EQ(Remedy(RougeTokenizer::kEnglish, russian), RougeRemedy::kChinese);
  EXPECT_EQ(Remedy(RougeTokenizer::kEnglish, kChinese), RougeRemedy::kChinese);
  EXPECT_EQ(Remedy(RougeTokenizer::kEnglish, {"나는 어제 책을 샀다."}), RougeRemedy::kChinese);
  for (const Lines& lines : {russian, kChinese}) EXPECT_EQ(Remedy(RougeTokenizer::kChinese, lines), RougeRemedy::kNone);
  for (const RougeTokenizer tokenizer : {RougeTokenizer::kEnglish, RougeTokenizer::kChinese}) {
    EXPECT_EQ(Remedy(tokenizer, kThai), RougeRemedy::kNoRouge);
    for (const Lines& sound :
         {Lines{"Ein Haus, zwei Häuser."}, {"12", "2024"}, {"Tôi yêu bạn rất nhiều"}, {""}, Lines{}}) {
      EXPECT_EQ(Remedy(tokenizer, sound), RougeRemedy::kNone);
    }
  }
}

}  // namespace
}  // namespace dragoman
