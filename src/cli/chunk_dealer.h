// SPDX-License-Identifier: Apache-2.0
// A corpus shared out between the ranks of a run, chunk by chunk: who is idle takes the next one, so a slow machine
// holds nobody up for longer than a chunk takes it.
#ifndef DRAGOMAN_CLI_CHUNK_DEALER_H_
#define DRAGOMAN_CLI_CHUNK_DEALER_H_

#include <functional>

#include "cli/chunk_output.h"
#include "cli/translate_chunk.h"
#include "comm/communicator.h"

namespace dragoman {

// Rank 0: takes chunks from next(), which is called on a thread of its own and may be blocking there when this has
// thrown, until one is empty; has them translated by all ranks, itself among them, and puts
// the results into output. progress() is told how many lines are done.
void DealChunks(Communicator& comm, ChunkTranslator& translator, const std::function<Chunk()>& next,
                ChunkOutput& output, const std::function<void(int64_t lines)>& progress);

// The other ranks: translates what rank 0 deals out, until there is no more.
void TakeChunks(Communicator& comm, ChunkTranslator& translator);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_CHUNK_DEALER_H_
