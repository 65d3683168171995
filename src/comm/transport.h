// SPDX-License-Identifier: Apache-2.0
// Transport: bytes between the processes of one run. What Communicator needs from a message-passing library, and no
// more: Open MPI in a run, queues in memory in unit tests.
#ifndef DRAGOMAN_COMM_TRANSPORT_H_
#define DRAGOMAN_COMM_TRANSPORT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace dragoman {

// Used by one thread only, the one that made it. Messages between two ranks with the same tag arrive in order.
class Transport {
 public:
  using Ticket = int;                                    // a send or receive under way
  static constexpr size_t kMostBytes = size_t{1} << 30;  // of one message

  // A message that could be received now.
  struct Waiting {
    int from;
    size_t bytes;
  };

  virtual ~Transport() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual int local_size() const = 0;  // ranks on this machine

  // The bytes stay where they are until IsDone. Tags are 0 to kMostTag.
  static constexpr int kMostTag = (1 << 20) - 1;
  virtual Ticket Send(int to, int tag, std::span<const std::byte> bytes) = 0;
  virtual Ticket Receive(int from, int tag, std::span<std::byte> bytes) = 0;
  virtual bool IsDone(Ticket ticket) = 0;  // once true, the ticket is gone
  virtual std::optional<Waiting> Probe(int tag) = 0;

  virtual void Finish() = 0;  // collective, with no message under way; nothing may follow
  virtual void Abort() = 0;   // ends all ranks' processes
};

// Of the processes that mpirun (or srun) started together with this one. Null when this one was started alone. Throws
// Error when there are others, but this program was built without MPI.
std::unique_ptr<Transport> JoinMpi();

}  // namespace dragoman

#endif  // DRAGOMAN_COMM_TRANSPORT_H_
