// SPDX-License-Identifier: Apache-2.0
#include "data/foreign_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/utf8.h"

namespace dragoman {
namespace {

using namespace std::string_view_literals;

struct Format {
  std::string_view mark;  // '?' stands for any byte
  const char* what;
  const char* command;
  size_t offset = 0;
};

// Sources: each format's own specification.
constexpr Format kPacked[] = {
    {"\x1F\x8B"sv, "gzip", "gzip -dc < old > new"},
    {"\xFD\x37zXZ\0"sv, "xz", "xz -dc < old > new"},
    {"\x5D\0\0"sv, "lzma", "xz -dc --format=lzma < old > new"},
    {"\x28\xB5\x2F\xFD"sv, "zstd", "zstd -dc < old > new"},
    {"\x50\x2A\x4D\x18"sv, "zstd", "zstd -dc < old > new"},  // a frame to be skipped, which pzstd begins with
    {"BZh?1AY&SY"sv, "bzip2", "bzip2 -dc < old > new"},
    {"BZh?\x17\x72\x45\x38\x50\x90"sv, "bzip2", "bzip2 -dc < old > new"},  // of nothing
    {"PK\x03\x04"sv, "zip", "unzip -p old > new"},
    {"PK\x05\x06"sv, "zip", "unzip -p old > new"},  // of nothing
    {"PK\x07\x08"sv, "zip", "unzip -p old > new"},  // in parts
    {"\x04\x22\x4D\x18"sv, "lz4", "lz4 -dc < old > new"},
    {"LZIP\x01"sv, "lzip", "lzip -dc < old > new"},
    {"\x89LZO\0\r\n\x1A\n"sv, "lzop", "lzop -dc < old > new"},
    {"\x1F\x9D"sv, "compress (.Z)", "gzip -dc < old > new"},
    {"7z\xBC\xAF\x27\x1C"sv, "7z", "7z x -so old > new"},
    {"Rar!\x1A\x07"sv, "rar", "unrar p -inul old > new"},
    {"\xFF\x06\0\0sNaPpY"sv, "snappy", "snzip -dc < old > new"},
    {"ustar"sv, "tar", "tar -xOf old > new", 257},
    {"%PDF-"sv, "PDF", "pdftotext old new"},
};

bool Matches(const Format& format, std::string_view head) {
  if (head.size() < format.offset + format.mark.size()) return false;
  return std::equal(format.mark.begin(), format.mark.end(), head.begin() + static_cast<std::ptrdiff_t>(format.offset),
                    [](char mark, char byte) { return mark == '?' || mark == byte; });
}

// RFC 1950, section 2.2; the second byte depends on the level. Text may begin with any of these ("x\xDA\xAF" is Latin
// and Arabic), and "x^", which is of a level that hardly anybody takes, often does.
bool IsZlib(std::string_view head) {
  if (!head.starts_with("x\x01"sv) && !head.starts_with("x\x9C"sv) && !head.starts_with("x\xDA"sv)) return false;
  constexpr size_t kCut = 3;  // bytes at the end that may be of a character that is cut there
  const size_t bad = FindInvalidUtf8(head);
  return head[1] == '\x9C' || head.find('\0') != head.npos || (bad != head.npos && bad + kCut < head.size());
}

// Whether text of code units of `width` bytes, without a byte order mark, begins so. Two thirds of Latin text's units
// are ASCII and more; other text has line feeds at least, to which most of its bytes 0x0A then belong.
bool LooksLike(std::string_view head, size_t width, bool big_endian) {
  size_t units = 0, ascii = 0, line_feeds = 0;
  for (size_t at = 0; at + width <= head.size(); at += width, ++units) {
    uint32_t unit = 0;
    for (size_t i = 0; i < width; ++i) {
      unit = unit << 8 | static_cast<unsigned char>(head[at + (big_endian ? i : width - 1 - i)]);
    }
    if (unit == 0 || unit > 0x10FFFF) return false;
    ascii += unit < 0x80;
    line_feeds += unit == '\n';
  }
  const auto feed_bytes = static_cast<size_t>(std::count(head.begin(), head.end(), '\n'));
  return (ascii >= 2 && 3 * ascii >= 2 * units) || 3 * line_feeds > feed_bytes;
}

const char* EncodingOf(std::string_view head) {
  if (head.starts_with("\xFF\xFE\0\0"sv) || head.starts_with("\0\0\xFE\xFF"sv)) return "UTF-32";
  if (head.starts_with("\xFF\xFE"sv) || head.starts_with("\xFE\xFF"sv)) return "UTF-16";
  if (head.find('\0') == std::string_view::npos) return nullptr;
  if (LooksLike(head, 4, /*big_endian=*/false)) return "UTF-32LE";
  if (LooksLike(head, 4, /*big_endian=*/true)) return "UTF-32BE";
  if (LooksLike(head, 2, /*big_endian=*/false)) return "UTF-16LE";
  if (LooksLike(head, 2, /*big_endian=*/true)) return "UTF-16BE";
  return nullptr;
}

}  // namespace

std::optional<ForeignText> FindForeignText(std::string_view head) {
  for (const Format& format : kPacked) {
    if (Matches(format, head)) return ForeignText{format.what, std::string("unpack it: ") + format.command};
  }
  if (IsZlib(head)) return ForeignText{"zlib", "unpack it: pigz -dc < old > new"};
  if (const char* encoding = EncodingOf(head); encoding != nullptr) {
    return ForeignText{std::string(encoding) + " text",
                       "convert it: iconv -f " + std::string(encoding) + " -t UTF-8 < old > new"};
  }
  return std::nullopt;
}

}  // namespace dragoman
