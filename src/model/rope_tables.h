// The rotation tables of a model: one per distinct theta, grown to the longest sequence seen so far.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "ops/rope.h"

namespace modernbert {

// Thread-safe; a table that was handed out stays valid while its pointer is held.
class RopeTables {
 public:
  explicit RopeTables(int64_t head_dim) : head_dim_(head_dim) {}
  // A table of at least `positions` positions.
  std::shared_ptr<const RopeTable> get(double theta, int64_t positions) const;

 private:
  int64_t head_dim_;
  mutable std::mutex mutex_;
  mutable std::map<double, std::shared_ptr<const RopeTable>> tables_;
};

}  // namespace modernbert
