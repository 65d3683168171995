// SPDX-License-Identifier: Apache-2.0
// Memory for activations and gradients: freed blocks are kept and reused, so a steady training step asks the system
// for nothing.
#ifndef DRAGOMAN_TENSOR_BUFFER_POOL_H_
#define DRAGOMAN_TENSOR_BUFFER_POOL_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dragoman {

// A best-fit allocator over a few large mappings, for one thread. Neighbouring free blocks are joined, so batches of
// changing size do not fragment it. Every block is aligned to 64 bytes (a cache line, an AVX-512 vector).
class BufferPool {
 public:
  BufferPool() = default;
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  // Uninitialised memory. Throws std::bad_alloc when the system has no more.
  void* Allocate(size_t bytes);
  void Free(void* block);

  size_t bytes_in_use() const { return bytes_in_use_; }
  size_t peak_bytes_in_use() const { return peak_bytes_in_use_; }
  size_t bytes_reserved() const { return bytes_reserved_; }  // taken from the system
  int64_t system_allocations() const { return static_cast<int64_t>(regions_.size()); }

 private:
  struct Block;
  struct Region {
    void* start;
    size_t bytes;
  };

  Block* AddRegion(size_t bytes);
  void Unlink(Block* block);
  void PushFree(Block* block);

  std::vector<Region> regions_;
  Block* free_list_ = nullptr;
  size_t bytes_in_use_ = 0;
  size_t peak_bytes_in_use_ = 0;
  size_t bytes_reserved_ = 0;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TENSOR_BUFFER_POOL_H_
