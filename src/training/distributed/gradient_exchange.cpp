#include "training/distributed/gradient_exchange.h"

#include <algorithm>

namespace modernbert {

GradientExchange::GradientExchange(Communicator& processes, const DistributedRecipe& recipe,
                                   std::span<float> gradients)
    : processes_(processes),
      wire_(recipe.wire),
      bucket_(static_cast<int64_t>(recipe.bucket_mib * (1 << 20) / sizeof(float))),
      gradients_(gradients),
      not_started_(static_cast<int64_t>(gradients.size())) {}

GradientExchange::~GradientExchange() {
  if (under_way_) processes_.abandon();
}

void GradientExchange::final_from(int64_t offset) {
  if (processes_.size() == 1) return;
  processes_.check();
  while (not_started_ > 0) {
    const int64_t begin = std::max<int64_t>(0, not_started_ - bucket_);
    if (begin < offset) return;
    under_way_ = true;
    processes_.start_sum(
        gradients_.subspan(static_cast<size_t>(begin), static_cast<size_t>(not_started_ - begin)), wire_);
    not_started_ = begin;
  }
}

void GradientExchange::finish() {
  final_from(0);
  processes_.wait_for_sums();
  under_way_ = false;
}

}  // namespace modernbert
