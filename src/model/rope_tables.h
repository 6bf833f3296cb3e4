// The rotation tables of a model: one per kind of rotation, grown to the longest sequence seen so far.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <mutex>

#include "ops/attention/rope.h"

namespace modernbert {

struct RopeKey {
  double theta;
  int32_t dim;        // rotated numbers of a head
  int32_t width = 0;  // of the table's rows, at least dim: pairs past dim / 2 stand still
  auto operator<=>(const RopeKey&) const = default;
};

// Thread-safe; a table that was handed out stays valid while its pointer is held.
class RopeTables {
 public:
  // A table of at least `positions` positions.
  std::shared_ptr<const RopeTable> get(const RopeKey& key, int64_t positions) const;

 private:
  mutable std::mutex mutex_;
  mutable std::map<RopeKey, std::shared_ptr<const RopeTable>> tables_;
};

}  // namespace modernbert
