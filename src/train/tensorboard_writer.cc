// SPDX-License-Identifier: Apache-2.0
#include "train/tensorboard_writer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/crc32.h"

namespace dragoman {
namespace {

// ---- Protocol buffers, as far as an event needs them: a field is a key (number and wire type), then its value.

constexpr int kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;  // wire types

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

template <typename T>
std::string LittleEndian(T value) {
  static_assert(std::endian::native == std::endian::little);
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string Field(int number, int type, const std::string& value) {
  return Varint(static_cast<uint64_t>(number << 3 | type)) + (type == kBytes ? Varint(value.size()) : "") + value;
}

// TensorFlow's event.proto and summary.proto, which TensorBoard reads:
//   Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; SessionLog log = 7 }
//   Summary { repeated Value value = 1 }
//   Value { string tag = 1; float simple_value = 2 }
//   SessionLog { status = 1 }
std::string Event(double wall_time, int64_t step, int what, const std::string& message) {
  return Field(1, kFixed64, LittleEndian(wall_time)) + Field(2, kVarint, Varint(static_cast<uint64_t>(step))) +
         Field(what, kBytes, message);
}

double Now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string HostName() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
  std::replace(name, name + std::strlen(name), '/', '_');
  return name;
}

constexpr char kPrefix[] = "events.out.tfevents.";
constexpr int64_t kMaxSecond = 9'999'999'999;  // ten digits: beyond, names would no longer sort as numbers do

// Later than every event file in the directory: TensorBoard reads them in the order of their names.
int64_t NextSecond(FileSystem& files, const std::string& directory, double now) {
  int64_t second = static_cast<int64_t>(now);
  for (const std::string& name : files.List(directory)) {
    if (name.rfind(kPrefix, 0) != 0) continue;
    const int64_t theirs = std::strtoll(name.c_str() + sizeof kPrefix - 1, nullptr, 10);
    if (theirs < kMaxSecond) second = std::max(second, theirs + 1);
  }
  return second;
}

// A checksum stored beside its own bytes is rotated and shifted, lest a sum over both be a special case.
std::string MaskedCrc(std::string_view bytes) {
  const uint32_t crc = Crc32c(bytes);
  return LittleEndian(((crc >> 15) | (crc << 17)) + 0xa282ead8u);
}

}  // namespace

TensorBoardWriter::TensorBoardWriter(FileSystem& files, const std::string& directory, int64_t first_step, Clock clock)
    : clock_(clock ? std::move(clock) : Now) {
  CreateDirectories(files, directory);
  path_ = JoinPath(directory, fmt::format("{}{:010}.{}", kPrefix, NextSecond(files, directory, clock_()), HostName()));
  file_ = files.Create(path_);
  files.SyncDirectory(directory);
  constexpr int kFileVersion = 3, kSessionLog = 7, kStart = 1;
  Write(Event(clock_(), 0, kFileVersion, "brain.Event:2"));
  Write(Event(clock_(), first_step, kSessionLog, Field(1, kVarint, Varint(kStart))));
}

void TensorBoardWriter::Scalar(const std::string& tag, int64_t step, float value) {
  constexpr int kSummary = 5;
  const std::string tagged = Field(1, kBytes, tag) + Field(2, kFixed32, LittleEndian(value));
  Write(Event(clock_(), step, kSummary, Field(1, kBytes, tagged)));
}

void TensorBoardWriter::Write(const std::string& event) { file_->Append(TfRecord(event)); }

void TensorBoardWriter::Sync() { file_->Sync(); }

std::string TfRecord(const std::string& bytes) {
  const std::string length = LittleEndian(static_cast<uint64_t>(bytes.size()));
  return length + MaskedCrc(length) + bytes + MaskedCrc(bytes);
}

}  // namespace dragoman
