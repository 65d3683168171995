// SPDX-License-Identifier: Apache-2.0
#include "train/line_sink.h"

#include <iostream>

namespace dragoman {

LineSink& PlainStderr() {
  struct Sink : LineSink {
    void Note(const std::string& line) override { std::cerr << line << std::endl; }
    void Warn(const std::string& line) override { std::cerr << "warning: " << line << std::endl; }
  };
  static Sink sink;
  return sink;
}

}  // namespace dragoman
