// SPDX-License-Identifier: Apache-2.0
// What a training leaves behind for people and tools to plot: a JSONL file, and the event files that TensorBoard
// opens. Both only grow; neither is needed to go on with a run. Formats: docs/formats.md.
#ifndef DRAGOMAN_TRAIN_EVENT_LOG_H_
#define DRAGOMAN_TRAIN_EVENT_LOG_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/file_system.h"

namespace dragoman {

// A file of one JSON object a line, each with a "step". Used by one thread.
class JsonlLog {
 public:
  // Opens path for appending, made if it is not there. A run that goes on from resumed_step drops the records of later
  // steps (they will be written again) and lines that a crash cut short; all else stays as it is. From step 0 on the
  // log begins anew. Throws FileError, also if the file is not such a log at all. Sync before a checkpoint is saved
  // makes sure that no record up to its step is missing after a power cut.
  JsonlLog(FileSystem& files, const std::string& path, int64_t resumed_step);

  // Appends one record: the text of a JSON object without line breaks. It reaches the system at once, so others see
  // it and a kill does not lose it, but not the disk. After an exception the next call begins a line of its own.
  void Write(const std::string& object);
  void Sync();  // now it has

 private:
  std::unique_ptr<WritableFile> file_;
  bool line_is_torn_ = false;
};

// One of TensorBoard's event files. A resumed run opens another one in the same directory; TensorBoard shows all of
// them as one, and forgets what the earlier ones say of first_step and later. Used by one thread.
class TensorBoardWriter {
 public:
  using Clock = std::function<double()>;  // seconds since 1970

  // Makes DIRECTORY/events.out.tfevents.SECONDS.HOST (and the directory, if it is not there), for events from
  // first_step on: the resumed step + 1. SECONDS is later than of any event file there. Throws FileError.
  TensorBoardWriter(FileSystem& files, const std::string& directory, int64_t first_step, Clock clock = {});

  void Scalar(const std::string& tag, int64_t step, float value);  // for instance "train/loss"
  void Sync();

  const std::string& path() const { return path_; }

 private:
  void Write(const std::string& event);

  Clock clock_;
  std::string path_;
  std::unique_ptr<WritableFile> file_;
};

// A record as TensorFlow frames it: length, masked CRC-32C of the length, bytes, masked CRC-32C of the bytes.
std::string TfRecord(const std::string& bytes);

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_EVENT_LOG_H_
