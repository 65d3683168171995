// SPDX-License-Identifier: Apache-2.0
#include "tensor/buffer_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "base/check.h"
#include "tensor/address_sanitizer.h"
#ifdef DRAGOMAN_HAS_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace dragoman {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kRegionBytes = size_t{32} << 20;  // smallest mapping, a multiple of the 2 MB huge page
constexpr size_t kHugePage = size_t{2} << 20;

size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

// Under AddressSanitizer, reading or writing a freed block ends the program, as it does after delete.
#ifdef DRAGOMAN_HAS_ADDRESS_SANITIZER
void Poison(const void* memory, size_t bytes) { __asan_poison_memory_region(memory, bytes); }
void Unpoison(const void* memory, size_t bytes) { __asan_unpoison_memory_region(memory, bytes); }
#else
void Poison(const void*, size_t) {}
void Unpoison(const void*, size_t) {}
#endif

}  // namespace

// The header in front of each block's memory: one cache line. Blocks of a region lie end to end.
struct alignas(kAlignment) BufferPool::Block {
  size_t bytes;     // of the memory behind this header
  Block* previous;  // neighbour at the lower address, null for a region's first
  Block* next;      // neighbour at the higher address, null for a region's last
  Block* free_previous;
  Block* free_next;
  bool is_free;

  void* memory() { return this + 1; }
};

BufferPool::~BufferPool() {
  for (const Region& region : regions_) {
    Unpoison(region.start, region.bytes);  // the address may be mapped again, for something else
    munmap(region.start, region.bytes);
  }
}

BufferPool::Block* BufferPool::AddRegion(size_t bytes) {
  const size_t size = RoundUp(std::max(bytes + sizeof(Block), kRegionBytes), kHugePage);
  void* start = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) throw std::bad_alloc();
  madvise(start, size, MADV_HUGEPAGE);  // fewer page faults and TLB misses; a refusal costs only speed
  regions_.push_back({start, size});
  bytes_reserved_ += size;
  Block* block = new (start) Block{size - sizeof(Block), nullptr, nullptr, nullptr, nullptr, false};
  PushFree(block);
  Poison(block->memory(), block->bytes);
  return block;
}

void BufferPool::PushFree(Block* block) {
  block->is_free = true;
  block->free_previous = nullptr;
  block->free_next = free_list_;
  if (free_list_ != nullptr) free_list_->free_previous = block;
  free_list_ = block;
}

void BufferPool::Unlink(Block* block) {
  block->is_free = false;
  if (block->free_previous != nullptr) {
    block->free_previous->free_next = block->free_next;
  } else {
    free_list_ = block->free_next;
  }
  if (block->free_next != nullptr) block->free_next->free_previous = block->free_previous;
}

void* BufferPool::Allocate(size_t bytes) {
  bytes = RoundUp(std::max<size_t>(bytes, 1), kAlignment);
  Block* best = nullptr;
  for (Block* block = free_list_; block != nullptr; block = block->free_next) {
    if (block->bytes >= bytes && (best == nullptr || block->bytes < best->bytes)) best = block;
  }
  if (best == nullptr) best = AddRegion(bytes);
  Unlink(best);
  if (best->bytes >= bytes + sizeof(Block) + kAlignment) {  // split off the rest
    auto* rest_start = static_cast<char*>(best->memory()) + bytes;
    Unpoison(rest_start, sizeof(Block));
    Block* rest =
        new (rest_start) Block{best->bytes - bytes - sizeof(Block), best, best->next, nullptr, nullptr, false};
    if (best->next != nullptr) best->next->previous = rest;
    best->next = rest;
    best->bytes = bytes;
    PushFree(rest);
  }
  Unpoison(best->memory(), best->bytes);
  bytes_in_use_ += best->bytes;
  peak_bytes_in_use_ = std::max(peak_bytes_in_use_, bytes_in_use_);
  return best->memory();
}

void BufferPool::Free(void* memory) {
  Block* block = static_cast<Block*>(memory) - 1;
  DRAGOMAN_CHECK(!block->is_free);
  bytes_in_use_ -= block->bytes;
  Poison(memory, block->bytes);
  if (Block* next = block->next; next != nullptr && next->is_free) {
    Unlink(next);
    block->bytes += sizeof(Block) + next->bytes;
    block->next = next->next;
    if (block->next != nullptr) block->next->previous = block;
  }
  if (Block* previous = block->previous; previous != nullptr && previous->is_free) {
    Unlink(previous);
    previous->bytes += sizeof(Block) + block->bytes;
    previous->next = block->next;
    if (previous->next != nullptr) previous->next->previous = previous;
    block = previous;
  }
  PushFree(block);
}

}  // namespace dragoman
