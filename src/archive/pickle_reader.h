// SPDX-License-Identifier: Apache-2.0
// Python's pickles, protocol 2, as data: a pickle is a program for a stack machine that makes objects by calling what
// it names, which may be anything. Here nothing is called. What it would call is noted, if it is one of a few names
// that the caller knows, and is an error otherwise. Source of the opcodes: Python's Lib/pickletools.py.
#ifndef DRAGOMAN_ARCHIVE_PICKLE_READER_H_
#define DRAGOMAN_ARCHIVE_PICKLE_READER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/file_origin.h"

namespace dragoman {

inline constexpr int64_t kMaxPickleBytes = int64_t{1} << 26;
inline constexpr size_t kMaxPickleNodes = size_t{1} << 20;  // objects: some 50,000 tensors

enum class PickleKind {
  kNone,
  kBool,
  kInteger,
  kFloat,
  kText,
  kTuple,
  kList,
  kDict,
  kGlobal,      // a function or type by its name
  kCall,        // of a global
  kPersistent,  // what the program that wrote the pickle keeps elsewhere
};

using PickleId = uint32_t;  // a node's place

// An object. Objects refer to each other by place, may share others, and may even hold themselves.
struct PickleNode {
  PickleKind kind = PickleKind::kNone;
  int64_t integer = 0;          // kBool, kInteger
  std::string_view text = {};   // kText, of the pickle's bytes; kGlobal, of the names allowed
  std::vector<PickleId> items;  // kTuple, kList; kDict: keys and values by turns; kCall: global, tuple; kPersistent: id
};

struct Pickle {
  std::vector<PickleNode> nodes;
  PickleId root = 0;
  size_t bytes = 0;  // that it takes

  const PickleNode& operator[](PickleId id) const { return nodes[id]; }
};

// The pickle that `bytes` begins with; `bytes` outlives it. `allowed` are the globals that may occur, "module.name";
// "collections.OrderedDict" may, too, and makes a kDict. State that is set on an object after it is made (BUILD) is
// read and ignored. Throws FormatError, with `subject` for what the pickle is. Time and memory are proportional to its
// length.
Pickle ReadPickle(std::string_view bytes, std::span<const std::string_view> allowed, const std::string& subject,
                  const FileOrigin& origin);

// "a dict", for messages.
const char* PickleKindName(PickleKind kind);

}  // namespace dragoman

#endif  // DRAGOMAN_ARCHIVE_PICKLE_READER_H_
