#include "ops/linear/tile_division.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace modernbert {
namespace {

// A product that is only asked for its shape.
class Shape final : public Linear {
 public:
  Shape(int64_t in, int64_t out, int64_t group_columns, int64_t most_rows = 108, int64_t row_group = 6)
      : in_(in), out_(out), group_(group_columns), most_rows_(most_rows), row_group_(row_group) {}
  int64_t in_features() const override { return in_; }
  int64_t out_features() const override { return out_; }
  RowType row_type() const override { return RowType::kFp32; }
  size_t packed_bytes() const override { return 0; }
  int64_t max_tile_rows() const override { return most_rows_; }
  int64_t row_group() const override { return row_group_; }
  int64_t groups() const override { return (out_ + group_ - 1) / group_; }
  void run_tile(const RowsView&, Range, LinearScratch&, TileEpilogue) const override {}

 private:
  int64_t in_, out_, group_, most_rows_, row_group_;
};

const Shape kQkv{768, 2304, 64}, kAttnOut{768, 768, 64}, kMlpIn{768, 2304, 64}, kMlpOut{1152, 768, 64};
const std::array<const Linear*, 4> kBase = {&kQkv, &kAttnOut, &kMlpIn, &kMlpOut};

// Rows times columns times depth that the busiest thread multiplies.
int64_t busiest(const TileDivision& division, int threads, std::span<const Linear* const> products) {
  int64_t most = 0;
  for (int t = 0; t < threads; ++t) {
    const TileDivision::Part part = division.part_of(t);
    int64_t work = 0;
    for (const Linear* product : products)
      work += part.share.of(product->groups()).size() * product->in_features() * 64;
    most = std::max(most, work * ((part.rows.size() + 5) / 6 * 6));
  }
  return most;
}

TEST(TileDivision, TwoThreadsShareTheRowsOfOneTileAndDivideMore) {
  for (const int64_t rows : {1, 8, 16, 64, 108}) {
    const TileDivision division(rows, 2, kBase);
    ASSERT_TRUE(division.has_teams()) << rows;
    for (const int t : {0, 1}) {
      const TileDivision::Part part = division.part_of(t);
      EXPECT_EQ(part.rows.begin, 0);
      EXPECT_EQ(part.rows.end, rows);
      EXPECT_EQ(part.share.index, t);
      EXPECT_EQ(part.share.count, 2);
      EXPECT_EQ(part.leader, 0);
    }
  }
  for (const int64_t rows : {109, 240, 4096}) {
    const TileDivision division(rows, 2, kBase);
    EXPECT_FALSE(division.has_teams()) << rows;
    EXPECT_EQ(division.tile_rows(), even_tile_rows(rows, 2, 108, 6));
  }
}

TEST(TileDivision, OneThreadHasNoTeam) {
  for (const int64_t rows : {0, 1, 108, 1000}) EXPECT_FALSE(TileDivision(rows, 1, kBase).has_teams());
}

// Columns that cannot be split are no reason for a team.
TEST(TileDivision, UndividedColumnsGiveEachThreadItsRows) {
  const Shape whole{64, 64, 64};
  const std::array<const Linear*, 1> products = {&whole};
  const TileDivision division(100, 4, products);
  EXPECT_FALSE(division.has_teams());
  EXPECT_EQ(division.tile_rows(), 30);
}

TEST(TileDivision, TeamsHaveEveryRowAndEveryShareOnce) {
  for (int threads = 2; threads <= 70; ++threads) {
    for (const int64_t rows : {1, 7, 16, 50, 100, 128, 333, 512, 1000, 2048, 5000}) {
      const TileDivision division(rows, threads, kBase);
      if (!division.has_teams()) continue;
      int64_t next_row = 0;
      for (int t = 0; t < threads;) {
        const TileDivision::Part first = division.part_of(t);
        ASSERT_EQ(first.leader, t);
        ASSERT_GE(first.share.count, 2);
        ASSERT_EQ(first.rows.begin, next_row);
        ASSERT_GT(first.rows.size(), 0);
        ASSERT_LE(first.rows.size(), 108);
        next_row = first.rows.end;
        for (int member = 0; member < first.share.count; ++member, ++t) {
          const TileDivision::Part part = division.part_of(t);
          ASSERT_EQ(part.leader, first.leader);
          ASSERT_EQ(part.share.index, member);
          ASSERT_EQ(part.share.count, first.share.count);
          ASSERT_EQ(part.rows.begin, first.rows.begin);
          ASSERT_EQ(part.rows.end, first.rows.end);
        }
      }
      EXPECT_EQ(next_row, rows) << threads << " threads";
    }
  }
}

// 512 rows on 64 threads: tiles of 12 rows each would leave a third of the threads idle; Wo has columns for
// only 12 of a team of all.
TEST(TileDivision, ManyThreadsAreNeverSlowerInTeams) {
  for (const int threads : {4, 8, 12, 16, 24, 32, 64}) {
    for (const int64_t rows : {64, 128, 256, 512, 1024}) {
      const TileDivision division(rows, threads, kBase);
      if (!division.has_teams()) continue;
      int64_t alone = 0;
      for (const Linear* product : kBase) alone += product->in_features() * product->out_features();
      EXPECT_LE(busiest(division, threads, kBase), alone * std::max<int64_t>(16, division.tile_rows()))
          << rows << " rows, " << threads << " threads";
    }
  }
  const TileDivision division(512, 64, kBase);
  ASSERT_TRUE(division.has_teams());
  const int64_t ideal = int64_t{512} * 12 * 64 * (768 * 3 + 768 + 768 * 3 + 1152) / 64;
  EXPECT_LT(busiest(division, 64, kBase), ideal * 5 / 4);
}

// The matrix unit takes 32 rows at a time.
TEST(TileDivision, TilesAreWholeGroupsOfRows) {
  const Shape unit{768, 768, 64, 192, 32};
  const std::array<const Linear*, 2> products = {&unit, &kAttnOut};
  const TileDivision division(512, 16, products);
  ASSERT_TRUE(division.has_teams());
  for (int t = 0; t < 16; ++t) {
    EXPECT_EQ(division.part_of(t).rows.begin % 32, 0);
    EXPECT_LE(division.part_of(t).rows.size(), 108);
  }
}

}  // namespace
}  // namespace modernbert
