// How long the threads of this machine take for one matrix product of an encoder layer.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "measure/encoder_shape.h"

namespace modernbert {

// Products over the rows of one text, divided among the threads as the encoder does
// (ops/linear/tile_division.h). All threads work at once, so that they share caches and memory as they will
// in the encoder. Times are processor time of the threads. Not thread-safe.
class ProductSpeeds {
 public:
  ProductSpeeds(GemmType type, int threads, int64_t tokens);

  // Of all `tokens` rows; measured on the first call (some milliseconds), then remembered.
  double seconds(const Product& product);
  size_t measured() const { return seconds_.size(); }

 private:
  double measure(const Product& product);

  using Key = std::tuple<int64_t, int64_t, int64_t, bool>;
  GemmType type_;
  int threads_;
  int64_t tokens_;
  std::vector<float> values_;  // of every weight matrix; grows to the largest
  std::map<Key, double> seconds_;
};

}  // namespace modernbert
