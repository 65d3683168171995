// SPDX-License-Identifier: Apache-2.0
// Where translated chunks go: in the order of the input, whatever the order in which they are done.
#ifndef DRAGOMAN_CLI_CHUNK_OUTPUT_H_
#define DRAGOMAN_CLI_CHUNK_OUTPUT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "base/file_system.h"
#include "cli/translate_chunk.h"

namespace dragoman {

// Complaints about lines go to stderr in the same order. Used by one thread.
class ChunkOutput {
 public:
  virtual ~ChunkOutput() = default;

  // A chunk that an earlier start has done; `index` counts chunks from 0.
  virtual bool Has(int64_t index, uint64_t fingerprint) = 0;
  virtual void Put(int64_t index, uint64_t fingerprint, const TranslatedChunk& chunk) = 0;
  // All are put. Returns the sums over them.
  virtual TranslationCounts Finish() = 0;
};

// Writes to stdout as soon as a chunk's turn has come.
std::unique_ptr<ChunkOutput> OutputToStdout();

// The directory that OutputToFile keeps its parts in.
std::string PartsOf(const std::string& path);

// Throws OptionError when `path` is no place for OutputToFile: neither new nor a plain file, or PATH.parts is not its
// own, as there are other things in it than its parts, or it is no directory. Makes and changes nothing.
void CheckOutputFile(FileSystem& files, const std::string& path);

// Keeps each chunk as a file in PATH.parts until all are there, then writes them to PATH: so a start after a crash goes
// on with what is missing. A file tells by its fingerprint whether it belongs to this input, model and flags. Throws
// what CheckOutputFile throws.
std::unique_ptr<ChunkOutput> OutputToFile(FileSystem& files, const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_CHUNK_OUTPUT_H_
