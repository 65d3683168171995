// SPDX-License-Identifier: Apache-2.0
// The bytes of a file or of stdin, unpacked if they are gzip.
#ifndef DRAGOMAN_DATA_BYTE_SOURCE_H_
#define DRAGOMAN_DATA_BYTE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/file_system.h"

namespace dragoman {

constexpr const char* kStdinPath = "-";

// "stdin" for "-", otherwise the path itself: how messages name an input.
std::string InputName(const std::string& path);

// Reads from front to back. gzip is recognised by its first two bytes, not by the file's name; several gzip members
// end to end are one text, as gzip has it. Not thread-safe.
class ByteSource {
 public:
  // Throws FileError when the file cannot be opened.
  explicit ByteSource(const std::string& path) : ByteSource(path, InputName(path)) {}
  ByteSource(const std::string& path, const std::string& name);  // `name` for messages
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Fills up to `size` > 0 bytes and returns how many, 0 only at the end. Throws FileError when reading fails, when the
  // data are packed by another program, and, naming `line`, where the reader stands, when gzip data is damaged or cut
  // short.
  size_t Read(char* buffer, size_t size, int64_t line);

  // The same of the bytes as they come, packed or not. Not to be mixed with Read.
  size_t ReadRaw(char* buffer, size_t size);

  // Whether ReadRaw would return at once; waits so long for that. A pipe may be silent for hours.
  bool AwaitBytes(int milliseconds) const;

 private:
  struct Unpacker;
  void LookForPacker();
  size_t ReadUnpacked(char* buffer, size_t size, int64_t line);

  std::string name_;
  int fd_ = -1;
  bool started_ = false;
  std::string head_;  // bytes read while looking for gzip's mark
  std::unique_ptr<Unpacker> unpacker_;
};

// True for stdin, pipes and devices: what can be read once only.
bool CanBeReadOnlyOnce(const std::string& path);

// Copies all of an input into a file at `to`, as it comes; calls check() several times a second, also while nothing
// comes. Throws FileError and what check throws, leaving no file.
void CopyInput(FileSystem* files, const std::string& path, const std::string& to, const std::function<void()>& check);

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_BYTE_SOURCE_H_
