// SPDX-License-Identifier: Apache-2.0
// The one exception that the library throws, beside std::bad_alloc.
//
// A message is for people: where (file:line or option), what was found, what was expected, what to do. code() and the
// facts beside it are for programs: nobody has to parse the text. Options go by the names of their fields, between
// backquotes: "`beam_size` is 0, expected ...".
#ifndef DRAGOMAN_ERROR_H_
#define DRAGOMAN_ERROR_H_

#include <cstdint>
#include <stdexcept>
#include <string>

#include "dragoman/export.h"

namespace dragoman {

// The names stay, whatever becomes of the messages: other programs know errors by them.
enum class ErrorCode {
  kOther,
  kOption,         // an option that is unknown, out of range, or does not go with another
  kFile,           // a file that cannot be read or written, or whose text is not what it should be
  kFormat,         // a file of ours whose structure is wrong: model, vocabulary, checkpoint
  kShape,          // shapes that do not fit
  kNumeric,        // numbers that nothing can go on from: damaged weights, a training that diverged
  kCommunication,  // the processes of a run cannot reach each other
  kResource,       // the system refuses a thread or memory
  kInternal,       // our own bug
  kCancelled       // as was asked
};

class DRAGOMAN_API Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what, ErrorCode code = ErrorCode::kOther) : std::runtime_error(what), code_(code) {}
  Error(const Error&) = default;
  ~Error() override;

  ErrorCode code() const { return code_; }
  const std::string& path() const { return path_; }      // of the file that it is about, or ""
  int64_t line() const { return line_; }                 // in that file, from 1; 0: the file as a whole
  const std::string& option() const { return option_; }  // the field's name, or ""

 protected:
  ErrorCode code_;
  std::string path_, option_;
  int64_t line_ = 0;
};

}  // namespace dragoman

#endif  // DRAGOMAN_ERROR_H_
