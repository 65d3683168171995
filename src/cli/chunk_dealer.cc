// SPDX-License-Identifier: Apache-2.0
#include "cli/chunk_dealer.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace dragoman {
namespace {

// Asks with an empty text, then answers each chunk with its translation, until it is given an empty text.
void WorkOff(ChunkTranslator& translator, const std::function<void(std::string)>& send,
             const std::function<std::string()>& receive) {
  send("");
  for (std::string dealt = receive(); !dealt.empty(); dealt = receive()) {
    send(translator.Translate(Chunk::Unpack(dealt)).Pack());
  }
}

// Rank 0's own worker: a thread, which is dealt chunks like the others.
class OwnWorker {
 public:
  OwnWorker(Communicator& comm, ChunkTranslator& translator)
      : thread_([this, &comm, &translator] {
          try {
            WorkOff(
                translator, [&](std::string text) { comm.Send(comm.rank(), std::move(text)); },
                [this] { return Receive(); });
          } catch (...) {
            error_ = std::current_exception();
            comm.Send(comm.rank(), "");  // wakes the dealer
          }
        }) {}
  ~OwnWorker() {
    Give("");
    thread_.join();
  }

  void Give(std::string text) {
    {
      const std::lock_guard lock(mutex_);
      given_.push_back(std::move(text));
    }
    changed_.notify_one();
  }

  // What ended it, if anything did; asked after a letter of its own.
  void RethrowError() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::string Receive() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !given_.empty(); });
    std::string text = std::move(given_.front());
    given_.pop_front();
    return text;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> given_;  // guarded by mutex_
  std::exception_ptr error_;
  std::thread thread_;
};

struct Dealt {
  int64_t index = -1;  // -1: nothing
  uint64_t fingerprint = 0;
};

}  // namespace

void TakeChunks(Communicator& comm, ChunkTranslator& translator) {
  WorkOff(
      translator, [&](std::string text) { comm.Send(0, std::move(text)); }, [&] { return comm.NextLetter().text; });
}

void DealChunks(Communicator& comm, ChunkTranslator& translator, const std::function<Chunk()>& next,
                ChunkOutput& output, const std::function<void(int64_t lines)>& progress) {
  OwnWorker own(comm, translator);
  std::vector<Dealt> dealt(static_cast<size_t>(comm.size()));  // by rank: what it works on
  int64_t index = 0, lines_done = 0;
  int working = comm.size();
  while (working > 0) {
    const Communicator::Letter letter = comm.NextLetter();
    if (letter.from == 0) own.RethrowError();
    Dealt& current = dealt[static_cast<size_t>(letter.from)];
    if (current.index >= 0) {
      const TranslatedChunk translated = TranslatedChunk::Unpack(letter.text);
      output.Put(current.index, current.fingerprint, translated);
      progress(lines_done += translated.counts.lines);
    }
    Chunk chunk = next();
    for (; !chunk.lines.empty(); chunk = next(), ++index) {
      current = {index, translator.Fingerprint(chunk)};
      if (!output.Has(index, current.fingerprint)) break;
      progress(lines_done += static_cast<int64_t>(chunk.lines.size()));
    }
    std::string text;
    if (chunk.lines.empty()) {
      current = {};
      --working;
    } else {
      text = chunk.Pack();
      ++index;
    }
    if (letter.from == 0) {
      own.Give(std::move(text));
    } else {
      comm.Send(letter.from, std::move(text));
    }
  }
}

}  // namespace dragoman
