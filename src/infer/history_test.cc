// SPDX-License-Identifier: Apache-2.0
#include "infer/history.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/rng.h"

namespace dragoman {
namespace {

std::vector<int32_t> PlacesOf(const History& history, int64_t hypothesis) {
  const PackedTokens places = history.places();
  const auto own = places.ids.subspan(static_cast<size_t>(places.packing.Begin(hypothesis)),
                                      static_cast<size_t>(places.packing.Length(hypothesis)));
  return {own.begin(), own.end()};
}

// Against a plain copy of everything: each place is remembered with the position that was put there.
TEST(HistoryTest, FollowsEveryHypothesisToItsPast) {
  Rng rng(1);
  History history;
  std::vector<std::vector<int>> said;  // of each hypothesis: a number for each position that there ever was
  std::vector<int> at_place;
  int next_number = 0;
  for (int step = 0; step < 200; ++step) {
    std::vector<int32_t> parents;
    std::vector<std::vector<int>> now;
    for (uint64_t n = rng.Below(6); n > 0; --n) {
      const bool begins = said.empty() || rng.Below(4) == 0;
      parents.push_back(begins ? -1 : static_cast<int32_t>(rng.Below(said.size())));
      now.push_back(begins ? std::vector<int>() : said[static_cast<size_t>(parents.back())]);
      now.back().push_back(next_number++);
    }
    history.Advance(parents);
    said = now;
    ASSERT_EQ(history.hypotheses(), static_cast<int64_t>(said.size()));
    at_place.resize(static_cast<size_t>(history.capacity()), -1);
    std::set<int32_t> reachable;
    for (size_t h = 0; h < said.size(); ++h) {
      const std::vector<int32_t> places = PlacesOf(history, static_cast<int64_t>(h));
      ASSERT_EQ(places.size(), said[h].size());
      EXPECT_EQ(history.newest()[h], places.back());
      EXPECT_EQ(history.positions()[h], static_cast<int32_t>(places.size()) - 1);
      at_place[static_cast<size_t>(places.back())] = said[h].back();
      reachable.insert(places.begin(), places.end());
    }
    for (size_t h = 0; h < said.size(); ++h) {
      const std::vector<int32_t> places = PlacesOf(history, static_cast<int64_t>(h));
      for (size_t t = 0; t < places.size(); ++t) ASSERT_EQ(at_place[static_cast<size_t>(places[t])], said[h][t]);
    }
    EXPECT_EQ(history.in_use(), static_cast<int64_t>(reachable.size()));  // what is dead has given its place back
  }
}

TEST(HistoryTest, MemoryFollowsWhatIsReachable) {
  History history;
  history.Advance(std::array<int32_t, 1>{-1});
  // Four hypotheses that always descend from the first: of the others' positions none stays.
  for (int step = 1; step < 100; ++step) history.Advance(std::array<int32_t, 4>{0, 0, 0, 0});
  EXPECT_EQ(history.in_use(), 99 + 4);
  EXPECT_LE(history.capacity(), 99 + 8);
  history.Advance({});
  EXPECT_EQ(history.in_use(), 0);
  EXPECT_EQ(history.capacity(), 0);
  // Many that go at once leave room at the end, whoever stays.
  history.Advance(std::vector<int32_t>(50, -1));
  history.Advance(std::array<int32_t, 1>{49});
  history.Advance(std::array<int32_t, 1>{0});
  EXPECT_EQ(history.in_use(), 3);
  EXPECT_LE(history.capacity(), 51);
  history.Advance(std::array<int32_t, 1>{-1});
  EXPECT_EQ(history.in_use(), 1);
  EXPECT_LE(history.capacity(), 2);
}

TEST(HistoryTest, RefusesAParentThatIsNotThere) {
  History history;
  history.Advance(std::array<int32_t, 1>{-1});
  EXPECT_THROW(history.Advance(std::array<int32_t, 1>{1}), InternalError);
  EXPECT_THROW(history.Advance(std::array<int32_t, 1>{-2}), InternalError);
}

}  // namespace
}  // namespace dragoman
