// SPDX-License-Identifier: Apache-2.0
// The event files that TensorBoard opens. They only grow; none is needed to go on with a run. Format: docs/formats.md.
#ifndef DRAGOMAN_TRAIN_TENSORBOARD_WRITER_H_
#define DRAGOMAN_TRAIN_TENSORBOARD_WRITER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/file_system.h"

namespace dragoman {

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

#endif  // DRAGOMAN_TRAIN_TENSORBOARD_WRITER_H_
