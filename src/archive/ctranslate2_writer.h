// SPDX-License-Identifier: Apache-2.0
// CTranslate2's model.bin, written (archive/ctranslate2_binary.cc describes and reads it).
#ifndef DRAGOMAN_ARCHIVE_CTRANSLATE2_WRITER_H_
#define DRAGOMAN_ARCHIVE_CTRANSLATE2_WRITER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "tensor/safetensors.h"  // TensorView

namespace dragoman {

// Owns no numbers.
struct CTranslate2Contents {
  std::string spec_name;  // "TransformerSpec"
  uint32_t spec_revision = 0;
  std::vector<TensorView> variables;  // of F32, I8, I16 or I32; an attribute is one without a shape
  std::vector<std::pair<std::string, std::string>> aliases;  // a further name, the variable's
};

// Writes a whole file of binary version 6, in the order of names whatever the order given, so that the same variables
// make the same bytes. Does not sync. Names differ. Throws OptionError for a variable of 4 GiB or more, whose length
// the format has no room for.
void WriteCTranslate2Binary(const CTranslate2Contents& contents, WritableFile& file);

}  // namespace dragoman

#endif  // DRAGOMAN_ARCHIVE_CTRANSLATE2_WRITER_H_
