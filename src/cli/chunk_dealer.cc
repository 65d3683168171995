// SPDX-License-Identifier: Apache-2.0
#include "cli/chunk_dealer.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace dragoman {
namespace {

// Letters to rank 0 begin with one of these.
constexpr char kFromWorker = 'w';  // a packed TranslatedChunk follows; at first nothing
constexpr char kFromReader = 'r';

// Asks for a chunk, then answers each with its translation, until it is given an empty text.
void WorkOff(ChunkTranslator& translator, const std::function<void(std::string)>& send,
             const std::function<std::string()>& receive) {
  send({kFromWorker});
  for (std::string dealt = receive(); !dealt.empty(); dealt = receive()) {
    send(kFromWorker + translator.Translate(Chunk::Unpack(dealt)).Pack());
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
            comm.Send(comm.rank(), {kFromWorker});  // wakes the dealer
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

// Reads ahead on a thread of its own: whoever waits for an answer may send the next line only after it.
class ReadAhead {
 public:
  ReadAhead(Communicator& comm, std::function<Chunk()> next) : state_(std::make_shared<State>()) {
    // Input may never come, so the thread is not waited for: it shares what it uses, and ends with the process.
    std::thread([state = state_, most = static_cast<size_t>(comm.size()), &comm, next = std::move(next)] {
      for (bool ended = false; !ended;) {
        Chunk chunk;
        std::exception_ptr error;
        try {
          chunk = next();
        } catch (...) {
          error = std::current_exception();
        }
        std::unique_lock lock(state->mutex);
        state->changed.wait(lock, [&] { return state->abandoned || state->chunks.size() < most; });
        if (state->abandoned) return;
        ended = error || chunk.lines.empty();
        state->error = error;
        state->ended = ended;
        if (!ended) state->chunks.push_back(std::move(chunk));
        comm.Send(comm.rank(), {kFromReader});
      }
    }).detach();
  }
  ~ReadAhead() {
    const std::lock_guard lock(state_->mutex);
    state_->abandoned = true;
    state_->changed.notify_all();
  }

  // The next chunk, if it has been read; one without lines at the end. Throws what reading threw.
  std::optional<Chunk> Take() {
    const std::lock_guard lock(state_->mutex);
    if (!state_->chunks.empty()) {
      Chunk chunk = std::move(state_->chunks.front());
      state_->chunks.pop_front();
      state_->changed.notify_all();
      return chunk;
    }
    if (state_->error) std::rethrow_exception(state_->error);
    return state_->ended ? std::optional<Chunk>(std::in_place) : std::nullopt;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Chunk> chunks;  // all guarded by mutex
    bool ended = false, abandoned = false;
    std::exception_ptr error;
  };
  std::shared_ptr<State> state_;
};

class Dealer {
 public:
  Dealer(Communicator& comm, ChunkTranslator& translator, std::function<Chunk()> next, ChunkOutput& output,
         std::function<void(int64_t)> progress)
      : comm_(comm),
        translator_(translator),
        output_(output),
        progress_(std::move(progress)),
        dealt_(static_cast<size_t>(comm.size())),
        input_(comm, std::move(next)),
        own_(comm, translator) {}

  void Run() {
    for (int left = comm_.size(); left > 0; left -= Deal()) {
      const Communicator::Letter letter = comm_.NextLetter();
      if (letter.text.front() == kFromWorker) TakeBack(letter);
    }
  }

 private:
  struct Dealt {
    int64_t index = -1;  // -1: nothing
    uint64_t fingerprint = 0;
  };

  void TakeBack(const Communicator::Letter& letter) {
    if (letter.from == 0) own_.RethrowError();
    idle_.push_back(letter.from);
    Dealt& dealt = dealt_[static_cast<size_t>(letter.from)];
    if (dealt.index < 0) return;
    const TranslatedChunk translated = TranslatedChunk::Unpack(std::string_view(letter.text).substr(1));
    output_.Put(dealt.index, dealt.fingerprint, translated);
    Progress(translated.counts.lines);
    dealt = {};
  }

  // What has been read, to who is idle. Returns how many were sent home.
  int Deal() {
    int sent_home = 0;
    while (!idle_.empty()) {
      const std::optional<Chunk> chunk = input_.Take();
      if (!chunk) break;
      const bool ended = chunk->lines.empty();
      Dealt next;
      if (!ended) {
        next = {index_++, translator_.Fingerprint(*chunk)};
        if (output_.Has(next.index, next.fingerprint)) {
          Progress(static_cast<int64_t>(chunk->lines.size()));
          continue;
        }
      }
      const int rank = idle_.front();
      idle_.pop_front();
      dealt_[static_cast<size_t>(rank)] = next;
      Give(rank, ended ? "" : chunk->Pack());
      sent_home += ended;
    }
    return sent_home;
  }

  void Give(int rank, std::string text) {
    if (rank == 0) {
      own_.Give(std::move(text));
    } else {
      comm_.Send(rank, std::move(text));
    }
  }

  void Progress(int64_t lines) { progress_(lines_done_ += lines); }

  Communicator& comm_;
  ChunkTranslator& translator_;
  ChunkOutput& output_;
  const std::function<void(int64_t)> progress_;
  std::vector<Dealt> dealt_;  // by rank: what it works on
  std::deque<int> idle_;      // ranks, the longest idle first
  int64_t index_ = 0, lines_done_ = 0;
  ReadAhead input_;
  OwnWorker own_;
};

}  // namespace

void TakeChunks(Communicator& comm, ChunkTranslator& translator) {
  WorkOff(
      translator, [&](std::string text) { comm.Send(0, std::move(text)); }, [&] { return comm.NextLetter().text; });
}

void DealChunks(Communicator& comm, ChunkTranslator& translator, const std::function<Chunk()>& next,
                ChunkOutput& output, const std::function<void(int64_t lines)>& progress) {
  Dealer(comm, translator, next, output, progress).Run();
}

}  // namespace dragoman
