// SPDX-License-Identifier: Apache-2.0
// Which files a Marian model is made of: Marian's decoder is told, by flags or by a .yml; directories only hint.
#ifndef DRAGOMAN_INTEROP_MARIAN_FILES_H_
#define DRAGOMAN_INTEROP_MARIAN_FILES_H_

#include <string>
#include <vector>

#include "interop/marian.h"
#include "interop/marian_shortlist.h"

namespace dragoman {

struct MarianFiles {
  std::string directory;
  std::string weights;               // .npz, .bin
  std::string src, tgt;              // vocabularies: .spm, or .yml of pieces and ids; one file, or one for each side
  std::string src_spm, tgt_spm;      // beside a .yml: what cuts text into its pieces; "" where the user does that
  std::string shortlist;             // or "": there is none
  MarianShortlistLimits limits;      // of it
  std::string search;                // how the settings search, as options of decoding; "": there are none
  std::vector<std::string> missing;  // names of what the settings name, which is not there and can be done without
};

// Of what is at `path`. Throws FileError, and OptionError where there are several that it could be.
MarianFiles FindMarianFiles(FileSystem& files, const std::string& path, const MarianVocabularies& vocabularies);

// Whether there is something to be found, without looking into it.
bool HasMarianFiles(FileSystem& files, const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_MARIAN_FILES_H_
