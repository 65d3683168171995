// SPDX-License-Identifier: Apache-2.0
// Rank 0's tokenised corpus, for all ranks of a run.
#ifndef DRAGOMAN_TRAIN_SHARE_CORPUS_H_
#define DRAGOMAN_TRAIN_SHARE_CORPUS_H_

#include <cstdint>
#include <memory>

#include "base/file_system.h"
#include "comm/communicator.h"
#include "data/token_corpus.h"
#include "format/model_directory.h"

namespace dragoman {

// Collective. Returns rank 0's `corpus`; the others, which give null, open the file that rank 0 made where they see it
// (on the same machine, or on a disk that they share), or else get a copy of it, in $TMPDIR while they run.
// Throws FileError where the copy cannot be written or read back.
std::unique_ptr<TokenCorpus> ShareCorpus(Communicator& comm, FileSystem& files, std::unique_ptr<TokenCorpus> corpus,
                                         uint64_t fingerprint, const VocabularyPair& vocabs);

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_SHARE_CORPUS_H_
