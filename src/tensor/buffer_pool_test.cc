// SPDX-License-Identifier: Apache-2.0
#include "tensor/buffer_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "tensor/address_sanitizer.h"

namespace dragoman {
namespace {

TEST(BufferPoolTest, BlocksAreAlignedAndDoNotOverlap) {
  BufferPool pool;
  std::mt19937 rng(7);
  std::vector<std::pair<unsigned char*, size_t>> blocks;
  for (int i = 0; i < 2000; ++i) {
    if (blocks.size() > 50 || (!blocks.empty() && rng() % 3 == 0)) {
      const size_t which = rng() % blocks.size();
      const auto [memory, bytes] = blocks[which];
      for (size_t j = 0; j < bytes; ++j) ASSERT_EQ(memory[j], static_cast<unsigned char>(bytes)) << "overwritten";
      pool.Free(memory);
      blocks.erase(blocks.begin() + static_cast<int64_t>(which));
    } else {
      const size_t bytes = rng() % 5000;
      auto* memory = static_cast<unsigned char*>(pool.Allocate(bytes));
      ASSERT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0u);
      std::memset(memory, static_cast<int>(bytes), bytes);
      blocks.emplace_back(memory, bytes);
    }
  }
  for (const auto& block : blocks) pool.Free(block.first);
  EXPECT_EQ(pool.bytes_in_use(), 0u);
}

TEST(BufferPoolTest, SteadyUseOfChangingSizesAsksTheSystemOnce) {
  BufferPool pool;
  for (size_t round = 0; round < 100; ++round) {
    std::vector<void*> blocks;
    for (size_t i = 0; i < 20; ++i) blocks.push_back(pool.Allocate((size_t{1} << 20) - round * 1000 + i * 64));
    for (void* block : blocks) pool.Free(block);
  }
  EXPECT_EQ(pool.system_allocations(), 1);
}

TEST(BufferPoolTest, ServesBlocksLargerThanARegion) {
  BufferPool pool;
  const size_t bytes = size_t{100} << 20;
  auto* memory = static_cast<char*>(pool.Allocate(bytes));
  memory[bytes - 1] = 1;
  EXPECT_GE(pool.bytes_reserved(), bytes);
  pool.Free(memory);
}

TEST(BufferPoolTest, AFreedBlockCannotBeReadUnderAddressSanitizer) {
#ifdef DRAGOMAN_HAS_ADDRESS_SANITIZER
  BufferPool pool;
  auto* memory = static_cast<volatile char*>(pool.Allocate(100));
  void* neighbour = pool.Allocate(100);
  memory[0] = 1;
  pool.Free(const_cast<char*>(memory));
  EXPECT_DEATH(memory[0] = 2, "use-after-poison");
  pool.Free(neighbour);
#else
  GTEST_SKIP() << "not built with AddressSanitizer";
#endif
}

}  // namespace
}  // namespace dragoman
