// SPDX-License-Identifier: Apache-2.0
// The bytes of a text file or of stdin, unpacked if they are gzip.
#ifndef DRAGOMAN_DATA_BYTE_SOURCE_H_
#define DRAGOMAN_DATA_BYTE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace dragoman {

// Reads from front to back. gzip is recognised by its first two bytes, not by the file's name; several gzip members
// end to end are one text, as gzip has it. Not thread-safe.
class ByteSource {
 public:
  // check() is called every 64 KiB, and several times a second while nothing comes: a pipe may be silent for hours.
  // Throws FileError when the file cannot be opened.
  explicit ByteSource(
      const std::string& path, std::function<void()> check = [] {});
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Fills up to `size` > 0 bytes and returns how many, 0 only at the end. Throws what check throws, and FileError when
  // reading fails, when the data are packed otherwise or in another encoding (data/foreign_text.h), and, naming `line`,
  // where the reader stands, when gzip data is damaged or cut short.
  size_t Read(char* buffer, size_t size, int64_t line);

  // Whether a further Read would return at once; waits so long for that.
  bool AwaitBytes(int milliseconds) const;

  const std::string& name() const { return name_; }  // for messages

 private:
  struct Unpacker;
  void Begin(int64_t line);
  void RefuseForeignText() const;
  size_t ReadRaw(char* buffer, size_t size);
  size_t ReadUnpacked(char* buffer, size_t size, int64_t line);

  std::string name_;
  std::function<void()> check_;
  int fd_ = -1;
  bool started_ = false;
  bool raw_at_end_ = false;
  std::string head_;  // the beginning, read to see what it is, not yet handed on
  std::unique_ptr<Unpacker> unpacker_;
};

// True for stdin, pipes and devices: what can be read once only.
bool CanBeReadOnlyOnce(const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_BYTE_SOURCE_H_
