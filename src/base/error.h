// SPDX-License-Identifier: Apache-2.0
// The one tree of exceptions. Every message has four parts: where (file:line or option), what was found, what was
// expected, what to do. Errors are caught at two doors only: cli/ (one line, exit code) and a server.
//
// A message is for people, code() and the facts beside it are for programs: nobody has to parse the text.
//
// Options go by the names of their fields, between backquotes: "`max_minutes` is -3, expected ...". So a library says
// them as its user knows them; the command line makes flags of them (cli/flag_text.h).
#ifndef DRAGOMAN_BASE_ERROR_H_
#define DRAGOMAN_BASE_ERROR_H_

#include <cstdint>
#include <stdexcept>
#include <string>

#include "base/enum_names.h"

namespace dragoman {

// One for each class below. The names stay, whatever becomes of the messages: other programs know errors by them.
enum class ErrorCode { kOther, kOption, kFile, kFormat, kShape, kNumeric, kCommunication, kResource, kInternal };
// "other", "option", "file", "format", "shape", "numeric", "communication", "resource", "internal"
const EnumNames<ErrorCode>& NamesOf(ErrorCode);

// Itself for what is none of the following. Interrupted (base/signals.h) is no Error: work that ended as was asked.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what, ErrorCode code = ErrorCode::kOther) : std::runtime_error(what), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

// A wrong command line or config file: unknown key, value out of range, options that exclude each other.
class OptionError : public Error {
 public:
  explicit OptionError(const std::string& what);                    // about the option that it begins with, if any
  OptionError(const std::string& what, const std::string& option);  // begins otherwise, but is about this one
  const std::string& option() const { return option_; }             // the field's name, without backquotes, or ""

 private:
  std::string option_;
};

// A file that cannot be read or written, or whose text is not what it should be.
class FileError : public Error {
 public:
  FileError(const std::string& path, const std::string& what);                // "path: what"
  FileError(const std::string& path, int64_t line, const std::string& what);  // "path:line: what", line from 1
  const std::string& path() const { return path_; }
  int64_t line() const { return line_; }  // 0: of the file as a whole

 protected:
  FileError(const std::string& path, int64_t line, const std::string& message, ErrorCode code);

 private:
  std::string path_;
  int64_t line_;
};

// A file of ours whose structure is wrong: model, vocabulary, checkpoint. Prints like FileError.
class FormatError : public FileError {
 public:
  FormatError(const std::string& path, const std::string& what);
  FormatError(const std::string& path, int64_t line, const std::string& what);
};

// Shapes that do not fit; the message prints both and the parameter's path.
class ShapeError : public Error {
 public:
  explicit ShapeError(const std::string& what) : Error(what, ErrorCode::kShape) {}
};

// Numbers that nothing can go on from: a loss, gradient, weight, attention or probability that is not finite (training
// that diverged, a damaged model), or weights that are no longer the same on all ranks.
class NumericError : public Error {
 public:
  explicit NumericError(const std::string& what) : Error(what, ErrorCode::kNumeric) {}
};

// The processes of a run cannot reach each other.
class CommError : public Error {
 public:
  explicit CommError(const std::string& what) : Error(what, ErrorCode::kCommunication) {}
};

// The system refuses a thread or memory. (What operator new and the standard library throw is not of this tree.)
class ResourceError : public Error {
 public:
  explicit ResourceError(const std::string& what) : Error(what, ErrorCode::kResource) {}
};

// Our own bug: a broken invariant. Made by DRAGOMAN_CHECK (base/check.h), which adds file and line.
class InternalError : public Error {
 public:
  explicit InternalError(const std::string& what) : Error(what, ErrorCode::kInternal) {}
};

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_ERROR_H_
