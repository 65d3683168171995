// SPDX-License-Identifier: Apache-2.0
// Sentence pairs from two parallel files, one TSV file or one JSONL file, each plain or gzip, or stdin; or a text
// alone.
#ifndef DRAGOMAN_DATA_PARALLEL_READER_H_
#define DRAGOMAN_DATA_PARALLEL_READER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "data/line_reader.h"

namespace dragoman {

enum class PairFormat {
  kTwoFiles,  // line n of one file belongs to line n of the other
  kTsv,       // source TAB target; a third column is an error, for it may as well be the one that was meant
  kJsonl,     // one object a line with two string values
  kLines      // a text alone, the sources; all targets are empty
};

// Where pairs come from. Paths may be "-" (stdin), but not both.
struct ParallelInput {
  PairFormat format = PairFormat::kTwoFiles;
  std::string source;                 // the source file, or the only file
  std::string target;                 // kTwoFiles only
  std::string source_key = "source";  // kJsonl only; "translation.en" finds {"translation": {"en": ...}}, unless a
  std::string target_key = "target";  //   key of just that name is there

  std::string SourceName() const;  // for messages: of the file that holds the sources
  std::string TargetName() const;
};

// Reads one pair at a time; what is held in memory is the current pair. Not thread-safe.
class ParallelReader {
 public:
  // Throws FileError when a file cannot be opened, OptionError when both are stdin.
  // check: see ByteSource.
  explicit ParallelReader(
      const ParallelInput& input, const std::function<void()>& check = [] {});
  ~ParallelReader();

  // Sets both views, valid until the next call, and returns true; or returns false after the last pair. A blank line of
  // a TSV or JSONL file (text/blank.h) is a pair of empty sentences. Throws FileError with file and line for whatever
  // LineReader refuses, for a line without two columns or keys (of a JSONL file with the column, too; what its other
  // keys hold does not matter), and when one of two files ends before the other.
  bool Next(std::string_view* source, std::string_view* target);

  int64_t line_number() const { return source_.line_number(); }
  LineNotes notes() const;

  // Of the lines read so far, of each file.
  struct TextHash {
    uint64_t source = 0, target = 0;
  };
  TextHash hash() const { return {source_.hash(), target_ ? target_->hash() : 0}; }

 private:
  bool NextOfTwo(std::string_view* source, std::string_view* target);
  void SplitColumns(std::string_view line, std::string_view* source, std::string_view* target) const;
  void ParseObject(std::string_view line);
  [[noreturn]] void FailUnequal(LineReader* shorter, LineReader* longer) const;

  ParallelInput input_;
  LineReader source_;
  std::unique_ptr<LineReader> target_;
  std::string source_value_;  // kJsonl
  std::string target_value_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_PARALLEL_READER_H_
