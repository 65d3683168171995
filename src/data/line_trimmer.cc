// SPDX-License-Identifier: Apache-2.0
#include "data/line_trimmer.h"

#include <algorithm>

#include "base/error.h"

namespace dragoman {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr int64_t kManyCrs = 16;  // in one line: no accident

}  // namespace

LineNotes& LineNotes::operator+=(const LineNotes& other) {
  crlf_lines += other.crlf_lines;
  bom_files += other.bom_files;
  return *this;
}

std::string_view LineTrimmer::Trim(std::string_view line) {
  ++lines_;
  if (lines_ == 1 && line.starts_with(kByteOrderMark)) {
    line.remove_prefix(kByteOrderMark.size());
    ++notes_.bom_files;
  }
  if (line.ends_with('\r')) ++notes_.crlf_lines;
  while (line.ends_with('\r')) line.remove_suffix(1);
  if (line.find('\r') == std::string_view::npos) return line;
  const int64_t crs = std::count(line.begin(), line.end(), '\r');
  inner_crs_ += crs;
  if (inner_crs_ >= lines_ || crs >= kManyCrs) {
    throw FileError(name_, lines_,
                    "lines end in CR alone here; expected LF or CR LF; convert them: tr '\\r' '\\n' < old > new, or, "
                    "if these CRs end no line, tr '\\r' ' ' < old > new");
  }
  return line;
}

}  // namespace dragoman
