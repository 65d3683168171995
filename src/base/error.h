// SPDX-License-Identifier: Apache-2.0
// The one tree of exceptions. Every message has four parts: where (file:line or --option), what was found,
// what was expected, what to do. Errors are caught at two doors only: cli/ (one line, exit code) and a server.
#ifndef DRAGOMAN_BASE_ERROR_H_
#define DRAGOMAN_BASE_ERROR_H_

#include <cstdint>
#include <stdexcept>
#include <string>

namespace dragoman {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A wrong command line or config file: unknown key, value out of range, options that exclude each other.
class OptionError : public Error {
 public:
  using Error::Error;
};

// A file that cannot be read or written, or whose text is not what it should be.
class FileError : public Error {
 public:
  FileError(const std::string& path, const std::string& what);                // "path: what"
  FileError(const std::string& path, int64_t line, const std::string& what);  // "path:line: what", line from 1
};

// A file of ours whose structure is wrong: model, vocabulary, checkpoint. Prints like FileError.
class FormatError : public FileError {
 public:
  using FileError::FileError;
};

// Shapes that do not fit; the message prints both and the parameter's path.
class ShapeError : public Error {
 public:
  using Error::Error;
};

// A loss or gradient that is not finite.
class NumericError : public Error {
 public:
  using Error::Error;
};

// Our own bug: a broken invariant. Made by DRAGOMAN_CHECK (base/check.h), which adds file and line.
class InternalError : public Error {
 public:
  using Error::Error;
};

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_ERROR_H_
