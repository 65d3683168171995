// SPDX-License-Identifier: Apache-2.0
#include "data/corpus_report.h"

#include <fmt/format.h>

#include "base/counted.h"

namespace dragoman {

void Finding::Add(int64_t line, int64_t times) {
  if (count == 0 && times > 0) first_line = line;
  count += times;
}

CorpusReport Together(std::span<const CorpusReport> reports) {
  CorpusReport all;
  for (const CorpusReport& report : reports) {
    for (const auto field : {&CorpusReport::pairs, &CorpusReport::pairs_cut, &CorpusReport::src_tokens,
                             &CorpusReport::tgt_tokens, &CorpusReport::crlf_lines, &CorpusReport::bom_files}) {
      all.*field += report.*field;
    }
    for (const auto field : {&CorpusReport::empty_pairs, &CorpusReport::lopsided_pairs, &CorpusReport::overlong_pairs,
                             &CorpusReport::short_lines, &CorpusReport::src_truncated, &CorpusReport::tgt_truncated,
                             &CorpusReport::src_unknown, &CorpusReport::tgt_unknown}) {
      (all.*field).Add((report.*field).first_line, (report.*field).count);
    }
  }
  return all;
}

std::vector<std::string> DescribeReport(const CorpusReport& report, const ParallelInput& input) {
  std::vector<std::string> lines = {fmt::format("{}, {} and {}", Counted(report.pairs, "sentence pair"),
                                                Counted(report.src_tokens, "source token"),
                                                Counted(report.tgt_tokens, "target token"))};
  const std::string source = input.SourceName(), target = input.TargetName();
  const auto add = [&lines](const Finding& found, const char* noun, const char* what, const std::string& file) {
    if (found.count == 0) return;
    lines.push_back(fmt::format("{} {}, first at {}:{}", Counted(found.count, noun), what, file, found.first_line));
  };
  if (input.format == PairFormat::kLines) {
    add(report.empty_pairs, "empty line", "(training skips such)", source);
    add(report.short_lines, "line", "too short for `denoise` to make a pair of (gap wants two sentences)", source);
  } else {
    add(report.empty_pairs, "pair", "with an empty side (training skips such)", source);
  }
  add(report.lopsided_pairs, "pair", "of too unequal lengths (`max_length_ratio`), dropped", source);
  add(report.overlong_pairs, "pair", "longer than `max_src_len` or `max_tgt_len`, dropped", source);
  add(report.src_truncated, "source sentence", "cut to the left part that `max_src_len` allows", source);
  add(report.tgt_truncated, "target sentence", "cut to the left part that `max_tgt_len` allows", target);
  constexpr char kUnknown[] =
      "for characters that the vocabulary lacks (see vocab `character_coverage`, `byte_fallback`)";
  add(report.src_unknown, "source <unk>", kUnknown, source);
  add(report.tgt_unknown, "target <unk>", kUnknown, target);
  if (report.crlf_lines > 0)
    lines.push_back(Counted(report.crlf_lines, "line") + " ended in CR LF; the CR was dropped");
  if (report.bom_files > 0) {
    lines.push_back(Counted(report.bom_files, "file") + " began with a byte order mark; it was dropped");
  }
  return lines;
}

std::string CutWarning(const CorpusReport& report) {
  if (report.pairs_cut * 100 <= report.pairs) return "";
  return fmt::format(
      "{:.1f} % of the pairs are cut to `max_src_len` or `max_tgt_len`, so that their sides no longer match; give "
      "`overlong` drop to leave them out, or raise the limits",
      100.0 * static_cast<double>(report.pairs_cut) / static_cast<double>(report.pairs));
}

}  // namespace dragoman
