// SPDX-License-Identifier: Apache-2.0
// The log that a training leaves behind for scripts: a JSONL file. It only grows, and is not needed to go on with a
// run. Format: docs/formats.md.
#ifndef DRAGOMAN_TRAIN_JSONL_LOG_H_
#define DRAGOMAN_TRAIN_JSONL_LOG_H_

#include <cstdint>
#include <memory>
#include <string>

#include "base/file_system.h"

namespace dragoman {

// A file of one JSON object a line, each with an "event" and a "step". Used by one thread.
class JsonlLog {
 public:
  // Opens path for appending, made if it is not there. A run that goes on from resumed_step drops the records of later
  // steps (they will be written again) and lines that a crash cut short; all else stays as it is. With -1 the log
  // begins anew. Throws FileError, also for a file that is not such a log: it may be the user's, and is left alone.
  // Sync before a checkpoint is saved makes sure that no record up to its step is missing after a power cut.
  JsonlLog(FileSystem& files, const std::string& path, int64_t resumed_step);

  // Appends one record: the text of a JSON object without line breaks. It reaches the system at once, so others see
  // it and a kill does not lose it, but not the disk. After an exception the next call begins a line of its own.
  void Write(const std::string& object);
  void Sync();  // now it has

  // Removes the records that are marked "partial": the run goes on, and its next record covers their steps, too.
  void DropPartial();

 private:
  FileSystem& files_;
  const std::string path_;
  std::unique_ptr<WritableFile> file_;
  bool line_is_torn_ = false;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_JSONL_LOG_H_
