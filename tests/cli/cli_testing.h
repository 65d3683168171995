// SPDX-License-Identifier: Apache-2.0
// Runs the dragoman program as a user would, and a small trained model to run it on.
#ifndef DRAGOMAN_TESTS_CLI_CLI_TESTING_H_
#define DRAGOMAN_TESTS_CLI_CLI_TESTING_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace dragoman {

using Args = std::vector<std::string>;

struct Finished {
  int code = -1;    // exit code
  int signal = 0;   // or the signal that ended it
  std::string out;  // stdout
  std::string err;  // stderr
};

// Runs `dragoman ARGS...` with `input` as stdin, to its end.
Finished Dragoman(const Args& args, const std::string& input = "");

// The same at a terminal, at which `typed` is typed: Ctrl-D is "\x04". Its out and err hold what is not on it.
Finished DragomanAtTerminal(const Args& args, const std::string& typed);

// Runs a line of bash, with the program as $DRAGOMAN.
Finished Bash(const std::string& command);

// A program that runs while the test talks to it.
class RunningDragoman {
 public:
  explicit RunningDragoman(const Args& args);
  ~RunningDragoman();

  void Write(const std::string& text) const;
  void CloseInput();
  std::string ReadLine(double seconds);  // of stdout, without its end; "" when none came in that time
  void Signal(int number) const;
  int Wait();  // exit code, or 128 + signal

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string read_;  // beyond the last line returned
};

// A directory for the whole test program, removed at its end.
std::string Scratch(const std::string& name);
std::string WriteScratch(const std::string& name, const std::string& bytes);
std::string FileText(const std::string& path);

std::vector<std::string> Lines(const std::string& text);

// Flags of a training run of a few seconds at most: letters, reversed. Without --output and length.
Args TinyTraining();

// The directory of such a run, of 20 steps with two checkpoints; trained at the first call.
const std::string& TinyRun();

// Both, one after the other; but a flag of b that a has as well gives a its value, since a flag is given once.
Args operator+(Args a, const Args& b);

}  // namespace dragoman

#endif  // DRAGOMAN_TESTS_CLI_CLI_TESTING_H_
