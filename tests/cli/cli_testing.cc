// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/cli_testing.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/file_system.h"

namespace dragoman {
namespace {

// Forks; the child has the three descriptors and becomes the program.
pid_t Start(const Args& args, int in, int out, int err) {
  std::vector<char*> argv;
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid != 0) return pid;
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  for (const int number : {SIGPIPE, SIGINT, SIGHUP}) signal(number, SIG_DFL);  // whatever started the test
  execvp(argv[0], argv.data());
  _exit(127);
}

int OpenScratch(const std::string& name, int flags) { return open(Scratch(name).c_str(), flags | O_CLOEXEC, 0600); }

Finished RunToEnd(const Args& args, int in) {
  const int out = OpenScratch("stdout", O_WRONLY | O_CREAT | O_TRUNC);
  const int err = OpenScratch("stderr", O_WRONLY | O_CREAT | O_TRUNC);
  const pid_t pid = Start(args, in, out, err);
  int status = 0;
  waitpid(pid, &status, 0);
  for (const int fd : {in, out, err}) close(fd);
  Finished finished;
  if (WIFEXITED(status)) finished.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) finished.signal = WTERMSIG(status);
  finished.out = FileText(Scratch("stdout"));
  finished.err = FileText(Scratch("stderr"));
  return finished;
}

Finished RunToEnd(const Args& args, const std::string& input) {
  WriteScratch("stdin", input);
  return RunToEnd(args, OpenScratch("stdin", O_RDONLY));
}

struct ScratchDirectory {
  ScratchDirectory() {
    path = testing::TempDir() + "dragoman_cli_XXXXXX";
    EXPECT_NE(mkdtemp(path.data()), nullptr);
  }
  ~ScratchDirectory() { RemoveAll(RealFileSystem(), path); }
  std::string path;
};

// Sentences of 1 to 6 of the letters a to h, and the same reversed.
void WriteLetters(const std::string& stem, unsigned first, unsigned count) {
  std::string sources, targets;
  for (unsigned i = first; i < first + count; ++i) {
    std::string source, target;
    for (unsigned n = i * 7 + 3; n > 0; n /= 8) {
      const char letter = static_cast<char>('a' + n % 8);
      source += source.empty() ? std::string(1, letter) : std::string(" ") + letter;
      target = target.empty() ? std::string(1, letter) : std::string(1, letter) + " " + target;
    }
    sources += source + "\n";
    targets += target + "\n";
  }
  WriteScratch(stem + ".src", sources);
  WriteScratch(stem + ".tgt", targets);
}

}  // namespace

Args operator+(Args a, const Args& b) {
  const auto flags = static_cast<std::ptrdiff_t>(a.size()) - 1;  // those before the last have values, perhaps
  for (size_t i = 0; i < b.size(); ++i) {
    const auto end = a.begin() + std::max<std::ptrdiff_t>(flags, 0);
    const auto same = std::find(a.begin(), end, b[i]);
    if (b[i].rfind("--", 0) == 0 && i + 1 < b.size() && same != end && (same + 1)->rfind("--", 0) != 0) {
      *(same + 1) = b[++i];
    } else {
      a.push_back(b[i]);
    }
  }
  return a;
}

Finished Dragoman(const Args& args, const std::string& input) { return RunToEnd(Args{DRAGOMAN_BINARY} + args, input); }

Finished DragomanAtTerminal(const Args& args, const std::string& typed) {
  int terminal = -1, keyboard = -1;
  EXPECT_EQ(openpty(&keyboard, &terminal, nullptr, nullptr, nullptr), 0);
  EXPECT_EQ(write(keyboard, typed.data(), typed.size()), static_cast<ssize_t>(typed.size()));
  Finished finished = RunToEnd(Args{DRAGOMAN_BINARY} + args, terminal);
  close(keyboard);
  return finished;
}

Finished Bash(const std::string& command) {
  setenv("DRAGOMAN", DRAGOMAN_BINARY, 1);
  return RunToEnd({"bash", "-c", command}, "");
}

RunningDragoman::RunningDragoman(const Args& args) {
  int to[2], from[2];
  EXPECT_EQ(pipe2(to, O_CLOEXEC), 0);
  EXPECT_EQ(pipe2(from, O_CLOEXEC), 0);
  pid_ = Start(Args{DRAGOMAN_BINARY} + args, to[0], from[1], STDERR_FILENO);
  close(to[0]);
  close(from[1]);
  input_ = to[1];
  output_ = from[0];
}

RunningDragoman::~RunningDragoman() {
  CloseInput();
  close(output_);
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    Wait();
  }
}

void RunningDragoman::Write(const std::string& text) const {
  EXPECT_EQ(write(input_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

void RunningDragoman::CloseInput() {
  if (input_ >= 0) close(input_);
  input_ = -1;
}

std::string RunningDragoman::ReadLine(double seconds) {
  for (size_t end = read_.find('\n'); end == std::string::npos; end = read_.find('\n')) {
    pollfd output{output_, POLLIN, 0};
    char buffer[4096];
    if (poll(&output, 1, static_cast<int>(seconds * 1000)) <= 0) return "";
    const ssize_t count = read(output_, buffer, sizeof(buffer));
    if (count <= 0) return "";
    read_.append(buffer, static_cast<size_t>(count));
  }
  const size_t end = read_.find('\n');
  std::string line = read_.substr(0, end);
  read_.erase(0, end + 1);
  return line;
}

void RunningDragoman::Signal(int number) const { kill(pid_, number); }

int RunningDragoman::Wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string Scratch(const std::string& name) {
  static const ScratchDirectory directory;
  return directory.path + "/" + name;
}

std::string WriteScratch(const std::string& name, const std::string& bytes) {
  std::ofstream(Scratch(name), std::ios::binary) << bytes;
  return Scratch(name);
}

std::string FileText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

Args TinyTraining() {
  static const bool is_ready = [] {
    WriteLetters("train", 0, 400);
    WriteLetters("valid", 1000, 20);
    const Finished vocab = Dragoman({"vocab", "--input", Scratch("train.src"), Scratch("train.tgt"), "--size", "20",
                                     "--type", "bpe", "--output", Scratch("V.model")});
    EXPECT_EQ(vocab.code, 0) << vocab.err;
    return vocab.code == 0;
  }();
  EXPECT_TRUE(is_ready);
  return {"train",
          "--train-src",
          Scratch("train.src"),
          "--train-tgt",
          Scratch("train.tgt"),
          "--vocab",
          Scratch("V.model"),
          "--encoder-layers",
          "1",
          "--decoder-layers",
          "1",
          "--d-model",
          "16",
          "--heads",
          "2",
          "--d-ff",
          "32",
          "--max-src-len",
          "20",
          "--max-tgt-len",
          "30",
          "--batch-tokens",
          "200",
          "--threads",
          "1"};
}

const std::string& TinyRun() {
  static const std::string run = [] {
    const std::string directory = Scratch("run");
    const Finished trained =
        Dragoman(TinyTraining() + Args{"--valid-src", Scratch("valid.src"), "--valid-tgt", Scratch("valid.tgt"),
                                       "--valid-every", "10", "--keep-best", "2", "--max-steps", "20",
                                       "--learning-rate", "0.01", "--warmup", "5", "--output", directory});
    EXPECT_EQ(trained.code, 0) << trained.err;
    return directory;
  }();
  return run;
}

}  // namespace dragoman
