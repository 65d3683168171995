// SPDX-License-Identifier: Apache-2.0
// Where a run says to people what it does: a terminal, a program's own log.
#ifndef DRAGOMAN_TRAIN_LINE_SINK_H_
#define DRAGOMAN_TRAIN_LINE_SINK_H_

#include <string>

namespace dragoman {

// Called by the thread that trains. Lines have no line end (a translation shown has some within), and name options by
// their fields, between backquotes: "ended at step 10: `max_steps` is reached".
class LineSink {
 public:
  virtual ~LineSink() = default;
  virtual void Note(const std::string& line) = 0;  // a fact
  virtual void Warn(const std::string& line) = 0;
  virtual void Progress(const std::string& /*line*/) {}  // after each step; holds until the next line of any kind
};

// Prints notes as they are and warnings after "warning: ", but no progress.
LineSink& PlainStderr();

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_LINE_SINK_H_
