// SPDX-License-Identifier: Apache-2.0
// The dragoman program as a user runs it: started, waited for, sent signals to. For tests.
#ifndef DRAGOMAN_TRAIN_PROGRAM_H_
#define DRAGOMAN_TRAIN_PROGRAM_H_

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

namespace dragoman {

// How a process ended.
struct Ending {
  int exit_code = -1;  // -1: a signal ended it
  int signal = 0;
  int64_t peak_bytes = 0;  // the most that was resident
};

// One running `dragoman ARGUMENTS`, or another program: it reads `input`, writes to LOG.out, and complains to LOG.
// Killed if it still runs when the object goes.
class Program {
 public:
  Program(const std::vector<std::string>& arguments, const std::string& log, const std::string& input = "/dev/null",
          const char* executable = DRAGOMAN_PROGRAM)
      : started_(Clock::now()) {
    std::vector<char*> argv = {const_cast<char*>(executable)};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ < 0) throw Error("cannot start a process");
    if (pid_ > 0) return;
    Redirect(input, O_RDONLY, STDIN_FILENO);
    Redirect(log + ".out", O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    Redirect(log, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
    execv(executable, argv.data());
    _exit(127);
  }
  ~Program() {
    if (!ended_) Send(SIGKILL), Wait();
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void Send(int signal) const { kill(pid_, signal); }
  pid_t pid() const { return pid_; }

  Ending Wait() {
    int status = 0;
    struct rusage usage = {};
    while (!ended_ && wait4(pid_, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    return Note(status, usage);
  }

  // Waits so many seconds from the start; its ending, if it ended in that time.
  std::optional<Ending> WaitUntil(double seconds) {
    const auto end = started_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    int status = 0;
    struct rusage usage = {};
    while (wait4(pid_, &status, WNOHANG, &usage) == 0) {
      if (Clock::now() >= end) return std::nullopt;
      std::this_thread::sleep_for(std::chrono::microseconds(300));
    }
    return Note(status, usage);
  }

  double Seconds() const { return std::chrono::duration<double>(Clock::now() - started_).count(); }

 private:
  using Clock = std::chrono::steady_clock;

  static void Redirect(const std::string& path, int flags, int descriptor) {
    const int file = open(path.c_str(), flags, 0600);
    if (file < 0 || dup2(file, descriptor) < 0) _exit(127);
  }

  Ending Note(int status, const struct rusage& usage) {
    if (!ended_) {
      ending_ = {WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                 int64_t{usage.ru_maxrss} * 1024};
    }
    ended_ = true;
    return ending_;
  }

  Clock::time_point started_;
  pid_t pid_ = -1;
  bool ended_ = false;
  Ending ending_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_PROGRAM_H_
