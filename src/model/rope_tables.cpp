#include "model/rope_tables.h"

#include <bit>

namespace modernbert {

std::shared_ptr<const RopeTable> RopeTables::get(const RopeKey& key, int64_t positions) const {
  const std::lock_guard lock(mutex_);
  auto& table = tables_[key];
  if (!table || table->positions() < positions) {
    // Powers of two: few rebuilds while lengths grow. Entries depend on their position alone, so growing
    // changes no bit.
    const auto count =
        static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(positions, 512))));
    table = std::make_shared<const RopeTable>(make_rope_table(key.dim, key.theta, count, key.width));
  }
  return table;
}

}  // namespace modernbert
