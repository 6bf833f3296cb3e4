#include "ops/linear/tile_division.h"

#include <algorithm>
#include <limits>

namespace modernbert {
namespace {

constexpr int64_t kImpossible = std::numeric_limits<int64_t>::max();

int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

// Multiply-adds per row of the busiest of `threads` that split the columns.
int64_t work_per_row(std::span<const Linear* const> products, int threads) {
  int64_t work = 0;
  for (const Linear* product : products) {
    const int64_t groups = product->groups();
    work += ceil_div(groups, threads) * product->in_features() * product->out_features() / groups;
  }
  return work;
}

// What a tile of `rows` costs in rows: they are multiplied in groups, and few ones are done before their
// weights have been read.
int64_t cost_in_rows(int64_t rows, int64_t row_group) {
  constexpr int64_t kRowsPerRead = 16;
  return std::max(kRowsPerRead, ceil_div(rows, row_group) * row_group);
}

}  // namespace

TileDivision::TileDivision(int64_t rows, int threads, std::span<const Linear* const> products)
    : rows_(rows), row_group_(1), max_tile_rows_(Linear::kMaxTileRows), threads_(threads) {
  for (const Linear* product : products) {
    row_group_ = std::max(row_group_, product->row_group());
    max_tile_rows_ = std::min(max_tile_rows_, product->max_tile_rows());
  }
  tile_rows_ = even_tile_rows(rows, threads, max_tile_rows_, row_group_);
  const int64_t turns = ceil_div(ceil_div(rows, tile_rows_), threads);
  int64_t least = turns * cost_in_rows(tile_rows_, row_group_) * work_per_row(products, 1);
  // Downwards: of numbers of teams that are as good the smallest reads the weights least often.
  const int64_t most_teams = std::min<int64_t>(threads / 2, ceil_div(rows, row_group_));
  for (int teams = static_cast<int>(most_teams); teams >= 1; --teams) {
    const int64_t work = work_of_busiest(teams, products, least);
    if (work > least) continue;
    least = work;
    teams_ = teams;
  }
}

// As many as its threads, in whole groups.
Range TileDivision::rows_of(int team, int teams) const {
  const auto begin_of = [&](int index) {
    const int64_t first_thread = Share{index, teams}.of(threads_).begin;
    const int64_t groups = (2 * rows_ * first_thread + threads_ * row_group_) / (2 * threads_ * row_group_);
    return index == teams ? rows_ : std::min(rows_, groups * row_group_);
  };
  return {begin_of(team), begin_of(team + 1)};
}

int64_t TileDivision::work_of_busiest(int teams, std::span<const Linear* const> products,
                                      int64_t limit) const {
  if (teams * max_tile_rows_ < rows_) return kImpossible;
  int64_t most = 0;
  for (int team = 0; team < teams && most <= limit; ++team) {
    const int64_t rows = rows_of(team, teams).size();
    if (rows == 0 || rows > max_tile_rows_) return kImpossible;
    const int size = static_cast<int>(Share{team, teams}.of(threads_).size());
    most = std::max(most, cost_in_rows(rows, row_group_) * work_per_row(products, size));
  }
  return most;
}

TileDivision::Part TileDivision::part_of(int thread) const {
  const int team = ((thread + 1) * teams_ - 1) / threads_;
  const Range members = Share{team, teams_}.of(threads_);
  const int leader = static_cast<int>(members.begin);
  return {rows_of(team, teams_), {thread - leader, static_cast<int>(members.size())}, leader};
}

}  // namespace modernbert
