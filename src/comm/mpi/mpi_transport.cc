// SPDX-License-Identifier: Apache-2.0
// The only file that knows MPI; without it, no_mpi_transport.cc stands in.
#include <mpi.h>

#include <cstdlib>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "comm/launch.h"
#include "comm/transport.h"

namespace dragoman {
namespace {

// Errors of MPI end the run (MPI_ERRORS_ARE_FATAL), with MPI's own message.
class MpiTransport : public Transport {
 public:
  MpiTransport() {
    // Two TCP connections between machines: over one, data in both directions at once do not fill the link (Open MPI
    // 4.1.4; docs/scaling.md). The user's own setting wins.
    setenv("OMPI_MCA_btl_tcp_links", "2", /*overwrite=*/0);
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);  // this thread makes all calls
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm machine = MPI_COMM_NULL;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &machine);
    MPI_Comm_size(machine, &local_size_);
    MPI_Comm_free(&machine);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int local_size() const override { return local_size_; }

  Ticket Send(int to, int tag, std::span<const std::byte> bytes) override {
    DRAGOMAN_CHECK(bytes.size() <= kMostBytes);
    const Ticket ticket = NewTicket();
    MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, to, tag, MPI_COMM_WORLD, RequestOf(ticket));
    return ticket;
  }

  Ticket Receive(int from, int tag, std::span<std::byte> bytes) override {
    DRAGOMAN_CHECK(bytes.size() <= kMostBytes);
    const Ticket ticket = NewTicket();
    MPI_Irecv(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, from, tag, MPI_COMM_WORLD, RequestOf(ticket));
    return ticket;
  }

  bool IsDone(Ticket ticket) override {
    int done = 0;
    MPI_Test(RequestOf(ticket), &done, MPI_STATUS_IGNORE);
    if (done != 0) free_.push_back(ticket);
    return done != 0;
  }

  std::optional<Waiting> Probe(int tag) override {
    int found = 0, bytes = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, tag, MPI_COMM_WORLD, &found, &status);
    if (found == 0) return std::nullopt;
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    return Waiting{status.MPI_SOURCE, static_cast<size_t>(bytes)};
  }

  void Finish() override { MPI_Finalize(); }
  void Abort() override { MPI_Abort(MPI_COMM_WORLD, 1); }

 private:
  Ticket NewTicket() {
    if (free_.empty()) {
      requests_.push_back(MPI_REQUEST_NULL);
      return static_cast<Ticket>(requests_.size()) - 1;
    }
    const Ticket ticket = free_.back();
    free_.pop_back();
    return ticket;
  }
  MPI_Request* RequestOf(Ticket ticket) { return &requests_[static_cast<size_t>(ticket)]; }

  int rank_ = 0, size_ = 1, local_size_ = 1;
  std::vector<MPI_Request> requests_;  // by ticket
  std::vector<Ticket> free_;
};

}  // namespace

std::unique_ptr<Transport> JoinMpi() {
  if (!LaunchedAsRank()) return nullptr;
  auto transport = std::make_unique<MpiTransport>();
  if (transport->size() == 1) {
    throw CommError(
        "started as one of several processes, but MPI finds this one alone: its launcher belongs to another MPI than "
        "the "
        "program, expected Open MPI's mpirun (or one process); on Debian: apt-get install openmpi-bin");
  }
  return transport;
}

}  // namespace dragoman
