// How threads divide the rows of a batch, and the columns of its products.
#pragma once

#include <cstdint>
#include <span>

#include "ops/cpu/share.h"
#include "ops/linear/linear.h"

namespace modernbert {

// Many rows are cut into even tiles, each for one thread. Where that would leave tiles small or threads
// without one, the threads form teams: each has a tile and splits the columns of the products, so that it
// reads the weights once. Of the possible numbers of teams the one is taken whose busiest thread has the
// least to do.
class TileDivision {
 public:
  struct Part {
    Range rows;
    Share share;  // of the team's work on them
    int leader;   // first thread of the team
  };

  // products: of a layer, all of them on the same rows; not empty.
  TileDivision(int64_t rows, int threads, std::span<const Linear* const> products);

  bool has_teams() const { return teams_ > 0; }
  // With teams: what this thread does. All threads have a part, together with at least one other.
  Part part_of(int thread) const;
  // Without: the rows of each tile, of which the last one may have fewer.
  int64_t tile_rows() const { return tile_rows_; }

 private:
  Range rows_of(int team, int teams) const;
  // Counts no further than past the limit.
  int64_t work_of_busiest(int teams, std::span<const Linear* const> products, int64_t limit) const;

  int64_t rows_, row_group_, max_tile_rows_;
  int threads_;
  int teams_ = 0;
  int64_t tile_rows_;
};

}  // namespace modernbert
