// SPDX-License-Identifier: Apache-2.0
// The tree of exceptions under the one that others know (dragoman/error.h). Errors are caught at two doors only: cli/
// (one line, exit code) and a server.
//
// Interrupted (base/signals.h) is none of them: work that ended as was asked.
//
// Options go by the names of their fields, between backquotes: "`max_minutes` is -3, expected ...". So a library says
// them as its user knows them; the command line makes flags of them (cli/flag_text.h).
#ifndef DRAGOMAN_BASE_ERROR_H_
#define DRAGOMAN_BASE_ERROR_H_

#include <cstdint>
#include <string>

#include "base/enum_names.h"
#include "dragoman/error.h"

namespace dragoman {

// "other", "option", "file", "format", "shape", "numeric", "communication", "resource", "internal", "cancelled"
const EnumNames<ErrorCode>& NamesOf(ErrorCode);

// A wrong command line or config file: unknown key, value out of range, options that exclude each other.
class OptionError : public Error {
 public:
  explicit OptionError(const std::string& what);                    // about the option that it begins with, if any
  OptionError(const std::string& what, const std::string& option);  // begins otherwise, but is about this one
};

// A file that cannot be read or written, or whose text is not what it should be.
class FileError : public Error {
 public:
  FileError(const std::string& path, const std::string& what);                // "path: what"
  FileError(const std::string& path, int64_t line, const std::string& what);  // "path:line: what", line from 1

 protected:
  FileError(const std::string& path, int64_t line, const std::string& message, ErrorCode code);
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

// Work that was asked to stop.
class CancelledError : public Error {
 public:
  explicit CancelledError(const std::string& what) : Error(what, ErrorCode::kCancelled) {}
};

// Our own bug: a broken invariant. Made by DRAGOMAN_CHECK (base/check.h), which adds file and line.
class InternalError : public Error {
 public:
  explicit InternalError(const std::string& what) : Error(what, ErrorCode::kInternal) {}
};

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_ERROR_H_
