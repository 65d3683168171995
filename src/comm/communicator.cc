// SPDX-License-Identifier: Apache-2.0
#include "comm/communicator.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "base/check.h"
#include "base/cores.h"
#include "base/stderr.h"
#include "comm/launch.h"

namespace dragoman {
namespace {

constexpr int kSignTag = Transport::kMostTag;  // of life
constexpr int kLetterTag = Transport::kMostTag - 1;
constexpr int kTags = Transport::kMostTag - 1;  // for all else
constexpr auto kSignInterval = std::chrono::seconds(1);
constexpr double kMachinesApart = 30;  // seconds between the starts of ranks on several machines
constexpr double kLeaveLater = 1;      // seconds for a rank that knows more than this one to say it first
constexpr auto kLook = std::chrono::milliseconds(100);  // how often a limit of time is looked at
constexpr std::byte kAlive{0}, kGoodbye{1};
constexpr size_t kPart = size_t{64} << 20;  // bytes of a broadcast that travel at a time

std::span<std::byte> BytesIn(std::string& text) { return std::as_writable_bytes(std::span(text)); }

// For sending, which does not change them.
std::span<std::byte> Unconst(std::span<const std::byte> bytes) {
  return {const_cast<std::byte*>(bytes.data()), bytes.size()};
}

// The communicator's thread is within MPI, perhaps for ever, so nothing can be ended well. When a process ends so, its
// launcher ends the others.
[[noreturn]] void EndProcess(const Communicator::Say& say, const std::string& line) {
  say(line);
  _exit(1);
}

// Whether a process is there and was started by the one that started this one.
bool IsSibling(int pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));  // "PID (NAME) STATE PARENT ..."
  std::string stat;
  std::getline(file, stat);
  const size_t name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.size() > name_end + 4 &&
         std::atoi(stat.c_str() + name_end + 4) == getppid();
}

}  // namespace

Communicator::Communicator(const MakeTransport& make, double patience, Say say)
    : patience_(patience), say_(std::move(say)) {
  thread_ = std::thread([this, make] { Work(make); });
  std::unique_lock lock(mutex_);
  // One after the other, so that the first speaks for all.
  const double limit =
      patience_ + (LaunchedOnSeveralMachines() ? kMachinesApart : 0) + 0.1 * std::min(LaunchedRank(), 10);
  WaitTimer waiting;
  while (!changed_.wait_for(lock, kLook, [this] { return ready_; })) {
    if (waiting.Seconds() < limit) continue;
    EndProcess(say_, fmt::format("dragoman: rank {} has waited {:.0f} s for the other processes to join, and the run "
                                 "ends; were all started, is "
                                 "one of them stopped, and may they reach each other (firewalls)?",
                                 LaunchedRank(), waiting.Seconds()));
  }
  lock.unlock();
  if (error_ || size_ == 1) {
    thread_.join();
    if (error_) std::rethrow_exception(error_);
    return;
  }
  ShareNames();
}

Communicator::~Communicator() { Abandon(); }

void Communicator::SayOnStderr(const std::string& line) { Errors() << line + "\n" << std::flush; }

void Communicator::Abandon() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::string Communicator::Name(int rank) const {
  const std::lock_guard lock(mutex_);
  if (processes_.empty()) return "rank " + std::to_string(rank);
  const Process& process = processes_[static_cast<size_t>(rank)];
  return fmt::format("rank {} on {}, process {}", rank, process.host.data(), process.pid);
}

Communicator& Alone() {
  static Communicator alone;
  return alone;
}

int Communicator::cores() const {
  const auto all = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  return size_ == 1 ? UsableCores() : std::max(1, std::min(UsableCores(), all / local_size_));
}

void Communicator::Leave() {
  if (size_ == 1) return;
  AllGather({});  // nobody is needed any more
  const std::string own = name();
  std::unique_lock lock(mutex_);
  leave_ = true;
  changed_.notify_all();
  WaitTimer waiting;
  while (!changed_.wait_for(lock, kLook, [this] { return left_; })) {
    if (waiting.Seconds() < patience_ + kLeaveLater) continue;
    EndProcess(say_, fmt::format("dragoman: all is done and saved, but {} has waited {:.0f} s for the other processes "
                                 "to end: is one of them "
                                 "stopped? They are ended now",
                                 own, waiting.Seconds()));
  }
  lock.unlock();
  thread_.join();
  AwaitNeighboursEnd(&waiting);
}

// MPI lets ranks go one by one, but their launcher waits for all. The first of a machine looks after the others there.
void Communicator::AwaitNeighboursEnd(WaitTimer* waiting) const {
  const auto own = static_cast<size_t>(rank_);
  const auto is_neighbour = [&](const Process& process) {
    return process.host == processes_[own].host && process.pid != processes_[own].pid;
  };
  if (std::any_of(processes_.begin(), processes_.begin() + rank_, is_neighbour)) return;
  for (size_t other = own + 1; other < processes_.size(); ++other) {
    while (is_neighbour(processes_[other]) && IsSibling(processes_[other].pid)) {
      if (waiting->Seconds() >= patience_) {
        kill(processes_[other].pid, SIGKILL);  // the launcher would first ask it, for seconds
        EndProcess(say_,
                   fmt::format("dragoman: all is done and saved, but {} has not ended: is it stopped? It is ended now",
                               Name(static_cast<int>(other))));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
}

void Communicator::ShareNames() {
  std::vector<Process> processes(static_cast<size_t>(size_));
  Process& own = processes[static_cast<size_t>(rank_)];
  gethostname(own.host.data(), own.host.size() - 1);
  own.pid = getpid();
  AllGatherBytes(std::as_writable_bytes(std::span(processes)));
  const std::lock_guard lock(mutex_);
  processes_ = std::move(processes);
}

// ---- Collective calls, made of transfers.

void Communicator::Run(std::vector<Transfer> sends, std::vector<Transfer> receives) {
  Start(NewTags(1), std::move(sends), std::move(receives), [] {});
  Wait();
}

// all: equally many bytes of each rank, one rank's after the other's; this one's are there.
void Communicator::AllGatherBytes(std::span<std::byte> all) {
  const size_t count = all.size() / static_cast<size_t>(size_);
  const auto part = [&](int rank) { return all.subspan(count * static_cast<size_t>(rank), count); };
  std::vector<Transfer> sends, receives;
  for (int other = 0; other < size_; ++other) {
    if (other == rank_) continue;
    sends.push_back({other, part(rank_)});
    receives.push_back({other, part(other)});
  }
  Run(std::move(sends), std::move(receives));
}

void Communicator::BroadcastBytes(std::span<std::byte> bytes) {
  for (size_t done = 0; done < bytes.size(); done += kPart) {
    const std::span<std::byte> part = bytes.subspan(done, std::min(kPart, bytes.size() - done));
    std::vector<Transfer> sends, receives;
    if (rank_ == 0) {
      for (int other = 1; other < size_; ++other) sends.push_back({other, part});
    } else {
      receives.push_back({0, part});
    }
    Run(std::move(sends), std::move(receives));
  }
}

void Communicator::Broadcast(std::span<float> values) {
  if (size_ > 1) BroadcastBytes(std::as_writable_bytes(values));
}

std::string Communicator::Broadcast(std::string bytes) {
  if (size_ == 1) return bytes;
  uint64_t count = bytes.size();
  BroadcastBytes(std::as_writable_bytes(std::span(&count, 1)));
  bytes.resize(count);
  BroadcastBytes(BytesIn(bytes));
  return bytes;
}

std::vector<std::string> Communicator::Gather(const std::string& bytes) {
  if (size_ == 1) return {bytes};
  const auto count = static_cast<double>(bytes.size());
  const std::vector<double> counts = AllGather({&count, 1});
  if (rank_ > 0) {
    Run({{0, Unconst(std::as_bytes(std::span(bytes)))}}, {});
    return {};
  }
  std::vector<std::string> all(counts.size());
  std::vector<Transfer> receives;
  for (size_t r = 1; r < all.size(); ++r) {
    all[r].resize(static_cast<size_t>(counts[r]));
    receives.push_back({static_cast<int>(r), BytesIn(all[r])});
  }
  Run({}, std::move(receives));
  all[0] = bytes;
  return all;
}

std::vector<double> Communicator::AllGather(std::span<const double> values) {
  std::vector<double> all(values.size() * static_cast<size_t>(size_));
  std::ranges::copy(values, all.begin() + static_cast<std::ptrdiff_t>(values.size()) * rank_);
  if (size_ > 1) AllGatherBytes(std::as_writable_bytes(std::span(all)));
  return all;
}

// ---- From any thread to the communicator's.

void Communicator::Start(int tag, std::vector<Transfer> sends, std::vector<Transfer> receives,
                         std::function<void()> done) {
  DRAGOMAN_CHECK(size_ > 1);
  {
    const std::lock_guard lock(mutex_);
    orders_.push_back({tag, std::move(sends), std::move(receives), std::move(done)});
    ++unfinished_;
  }
  changed_.notify_all();
}

void Communicator::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return unfinished_ == 0; });
}

int Communicator::NewTags(int count) {
  const std::lock_guard lock(mutex_);
  if (next_tag_ + count > kTags) next_tag_ = 0;
  return std::exchange(next_tag_, next_tag_ + count);
}

void Communicator::Send(int to, std::string text) {
  const std::lock_guard lock(mutex_);
  if (to == rank_) {
    letters_.push_back({to, std::move(text)});
  } else {
    orders_.push_back({.tag = kLetterTag, .to = to, .text = std::move(text)});
  }
  changed_.notify_all();
}

Communicator::Letter Communicator::NextLetter() {
  std::unique_lock lock(mutex_);
  ++waiting_for_letters_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !letters_.empty(); });
  --waiting_for_letters_;
  Letter letter = std::move(letters_.front());
  letters_.pop_front();
  return letter;
}

// ---- The communicator's thread.

void Communicator::Work(const MakeTransport& make) {
  {
    std::exception_ptr error;
    try {
      transport_ = make();
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    error_ = error;
    if (transport_) {
      rank_ = transport_->rank();
      size_ = transport_->size();
      local_size_ = transport_->local_size();
    }
    ready_ = true;
  }
  changed_.notify_all();
  if (size_ == 1) {
    if (transport_) transport_->Finish();
    return;
  }
  heard_.Restart();
  busy_ = Clock::now();
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return;
      if (leave_) break;
    }
    GiveSignOfLife();
    const bool began = BeginOrders(), finished = FinishSome(), received = TakeLetters();
    Rest(began || finished || received);
  }
  if (SayGoodbye()) transport_->Finish();
  {
    const std::lock_guard lock(mutex_);
    left_ = true;
  }
  changed_.notify_all();
}

bool Communicator::BeginOrders() {
  std::deque<Order> orders;
  {
    const std::lock_guard lock(mutex_);
    orders.swap(orders_);
  }
  for (Order& order : orders) {
    UnderWay& begun = under_way_.emplace_back();
    begun.order = std::move(order);
    const Order& o = begun.order;
    for (const Transfer& receive : o.receives) {
      begun.tickets.push_back(transport_->Receive(receive.rank, o.tag, receive.bytes));
    }
    for (const Transfer& send : o.sends) {
      begun.tickets.push_back(transport_->Send(send.rank, o.tag, send.bytes));
      sent_bytes_ += static_cast<int64_t>(send.bytes.size());
    }
    if (o.to < 0) continue;
    begun.tickets.push_back(transport_->Send(o.to, o.tag, std::as_bytes(std::span(o.text))));
    sent_bytes_ += static_cast<int64_t>(o.text.size());
  }
  return !orders.empty();
}

bool Communicator::FinishSome() {
  bool any = false;
  for (auto it = under_way_.begin(); it != under_way_.end();) {
    std::erase_if(it->tickets, [this](Transport::Ticket ticket) { return transport_->IsDone(ticket); });
    if (!it->tickets.empty()) {
      ++it;
      continue;
    }
    any = true;
    const Order order = std::move(it->order);
    it = under_way_.erase(it);
    if (order.to >= 0) continue;
    order.done();
    {
      const std::lock_guard lock(mutex_);
      --unfinished_;
    }
    changed_.notify_all();
  }
  return any;
}

bool Communicator::TakeLetters() {
  bool any = false;
  while (const auto waiting = transport_->Probe(kLetterTag)) {
    Incoming& coming = incoming_.emplace_back();
    coming.letter = {waiting->from, std::string(waiting->bytes, '\0')};
    coming.ticket = transport_->Receive(waiting->from, kLetterTag, BytesIn(coming.letter.text));
    any = true;
  }
  for (; !incoming_.empty() && transport_->IsDone(incoming_.front().ticket); incoming_.pop_front()) {
    {
      const std::lock_guard lock(mutex_);
      letters_.push_back(std::move(incoming_.front().letter));
    }
    changed_.notify_all();
    any = true;
  }
  return any;
}

// A ring: each rank listens to the one before, so a silent one is noticed by one that lives.
void Communicator::GiveSignOfLife() {
  const Clock::time_point now = Clock::now();
  Hear();
  if (now - said_ > kSignInterval && (saying_ < 0 || transport_->IsDone(saying_))) {
    said_sign_ = kAlive;
    saying_ = transport_->Send((rank_ + 1) % size_, kSignTag, {&said_sign_, 1});
    said_ = now;
  }
  EndIfSilent();
}

bool Communicator::EndIfSilent() {
  const double silence = heard_.Seconds();
  if (goodbye_ || silence < patience_) return false;
  say_(fmt::format(
      "dragoman: {} has given no sign of life for {:.0f} s; the run ends, the last checkpoint is good "
      "(a translation's finished chunks are in OUTPUT.parts): look after that process and its machine, then "
      "start again, a training with `resume`",
      Name((rank_ + size_ - 1) % size_), silence));
  transport_->Abort();
  heard_.Restart();
  return true;
}

void Communicator::Hear() {
  if (goodbye_) return;
  if (hearing_ < 0) hearing_ = transport_->Receive((rank_ + size_ - 1) % size_, kSignTag, {&heard_sign_, 1});
  if (!transport_->IsDone(hearing_)) return;
  hearing_ = -1;
  heard_.Restart();
  goodbye_ = heard_sign_ == kGoodbye;
}

// So that no sign is under way when the transport ends.
bool Communicator::SayGoodbye() {
  bool said = false;  // the sign under way is the goodbye
  while (true) {
    Hear();
    if (saying_ >= 0 && transport_->IsDone(saying_)) saying_ = -1;
    if (saying_ < 0 && said && goodbye_) return true;
    if (saying_ < 0 && !said) {
      said_sign_ = kGoodbye;
      saying_ = transport_->Send((rank_ + 1) % size_, kSignTag, {&said_sign_, 1});
      said = true;
    }
    if (EndIfSilent()) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

// The cores are for computing: transfers are looked after at once while something happens, and now and then if not.
void Communicator::Rest(bool anything_happened) {
  const Clock::time_point now = Clock::now();
  if (anything_happened) busy_ = now;
  if (now - busy_ < std::chrono::microseconds(100)) return std::this_thread::yield();
  if (!under_way_.empty() || !incoming_.empty()) return std::this_thread::sleep_for(std::chrono::microseconds(50));
  std::unique_lock lock(mutex_);
  const int waiting = waiting_for_letters_;
  const auto pause = waiting > 0 ? std::chrono::microseconds(200) : std::chrono::milliseconds(100);
  changed_.wait_for(lock, pause,
                    [&] { return !orders_.empty() || stop_ || leave_ || waiting_for_letters_ != waiting; });
}

}  // namespace dragoman
