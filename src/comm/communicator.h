// SPDX-License-Identifier: Apache-2.0
// Communicator: the processes of one run ("ranks"), started together by mpirun, and what they say to each other.
//
// A thread of its own makes every call of the transport: so transfers go on while the rank computes, and each rank
// tells its successor once a second that it lives. One that is silent for too long is named, and the run is ended: a
// machine that vanished would keep the others waiting for ever. Joining and leaving have their time limits, too, kept
// by the rank's own thread, since the other one is within MPI then.
#ifndef DRAGOMAN_COMM_COMMUNICATOR_H_
#define DRAGOMAN_COMM_COMMUNICATOR_H_

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "comm/patience.h"
#include "comm/transport.h"

namespace dragoman {

// Collective calls (marked so) are made by all ranks, in the same order, each from one thread, with nothing that was
// Start()ed under way.
class Communicator {
 public:
  using MakeTransport = std::function<std::unique_ptr<Transport>()>;
  using Say = std::function<void(const std::string& line)>;
  static constexpr double kPatience = 7;
  static void SayOnStderr(const std::string& line);

  Communicator() = default;  // alone: rank 0 of 1, and no thread
  // The maker runs on the communicator's thread; what it throws is thrown from here. Alone, when it makes none.
  // patience: how many seconds a rank may give no sign of life, and take to join and to leave. Ends the process, and
  // with it all, when others have not joined in that time.
  // say: told, from either thread, why the process is about to end, where it cannot end by an exception.
  explicit Communicator(const MakeTransport& make, double patience = kPatience, Say say = SayOnStderr);
  ~Communicator();  // without Leave(): just stops, as a process does that fails; its launcher then ends the others
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  int local_size() const { return local_size_; }  // ranks on this machine
  int cores() const;  // those this rank may use; where a machine has several ranks, its share
  std::string name() const { return Name(rank_); }  // "rank 2 on node7, process 4711"
  std::string Name(int rank) const;

  // Collective. The end of a run that went well. Ends the process, with exit code 1, when others have not left in time.
  void Leave();

  // Stops without the others, with transfers under way or not: their memory may go. Nothing else may follow.
  void Abandon();

  // Collective. What rank 0 gave.
  std::string Broadcast(std::string bytes);
  void Broadcast(std::span<float> values);
  // Collective. All ranks' bytes, by rank, on rank 0; nothing elsewhere.
  std::vector<std::string> Gather(const std::string& bytes);
  // Collective. All ranks' values one after the other, by rank; each gives equally many.
  std::vector<double> AllGather(std::span<const double> values);

  // A message to or from another rank, in memory that stays where it is until the transfer is done.
  struct Transfer {
    int rank;
    std::span<std::byte> bytes;
  };
  // Starts transfers; what a rank sends with a tag, the other one receives with the same. done() is called on the
  // communicator's thread once all are done, and may start more. From any thread.
  void Start(int tag, std::vector<Transfer> sends, std::vector<Transfer> receives, std::function<void()> done);
  void Wait();  // until nothing that was started is under way, and all done() have returned
  // The first of `count` tags, new ones as long as fewer than a million are in use. Ranks that ask in the same order
  // get the same.
  int NewTags(int count);

  // Letters: from any rank to any, also to itself, at any time.
  struct Letter {
    int from;
    std::string text;
  };
  void Send(int to, std::string text);
  Letter NextLetter();  // waits for one

  int64_t sent_bytes() const { return sent_bytes_; }  // so far, without signs of life

 private:
  using Clock = std::chrono::steady_clock;

  struct Order {  // transfers, or a letter
    int tag;
    std::vector<Transfer> sends, receives;
    std::function<void()> done;
    int to = -1;
    std::string text;
  };
  struct UnderWay {
    std::vector<Transport::Ticket> tickets;
    Order order;
  };

  void Work(const MakeTransport& make);  // the thread's
  bool BeginOrders();                    // whether there were any
  bool FinishSome();                     // whether any ended
  bool TakeLetters();                    // whether there were any
  void GiveSignOfLife();
  void Hear();
  bool EndIfSilent();  // true: the rank before has fallen silent, and the run ends
  bool SayGoodbye();   // false: likewise
  void Rest(bool anything_happened);
  void ShareNames();
  void AwaitNeighboursEnd(WaitTimer* waiting) const;
  void Run(std::vector<Transfer> sends, std::vector<Transfer> receives);
  void AllGatherBytes(std::span<std::byte> all);
  void BroadcastBytes(std::span<std::byte> bytes);

  int rank_ = 0, size_ = 1, local_size_ = 1;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Order> orders_;  // guarded by mutex_
  int64_t unfinished_ = 0;    // guarded by mutex_; orders but letters that are not done
  struct Process {
    std::array<char, 128> host = {};
    int pid = 0;
  };
  std::vector<Process> processes_;     // guarded by mutex_; by rank
  std::deque<Letter> letters_;         // guarded by mutex_
  int waiting_for_letters_ = 0;        // guarded by mutex_
  int next_tag_ = 0;                   // guarded by mutex_
  bool ready_ = false;                 // guarded by mutex_; transport_ is made, or error_ says why not
  bool stop_ = false, leave_ = false;  // guarded by mutex_
  bool left_ = false;                  // guarded by mutex_; the thread is done
  std::exception_ptr error_;           // guarded by mutex_

  std::atomic<int64_t> sent_bytes_ = 0;
  const double patience_ = 0;
  const Say say_;

  // The thread's own.
  std::unique_ptr<Transport> transport_;
  std::list<UnderWay> under_way_;
  struct Incoming {
    Transport::Ticket ticket;
    Letter letter;
  };
  std::list<Incoming> incoming_;                  // letters, in the order in which they came
  Transport::Ticket hearing_ = -1, saying_ = -1;  // signs of life from the rank before, and to the one after
  std::byte heard_sign_{}, said_sign_{};
  bool goodbye_ = false;  // heard from the rank before
  WaitTimer heard_;       // from that rank
  Clock::time_point said_, busy_;
  std::thread thread_;  // last: it uses all of the above
};

// The communicator of a process that has no others.
Communicator& Alone();

}  // namespace dragoman

#endif  // DRAGOMAN_COMM_COMMUNICATOR_H_
