// Batches that speed is measured on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "modernbert/token_batch.h"

namespace modernbert {

struct Workload {
  std::string name;
  std::vector<int32_t> lengths;  // tokens of each sequence
};

// queries (128 of 6 to 32 tokens), fixed512 (8), mixed (64 passages, log-normal around 120 tokens), long2048
// (2), long8192, one16, one128.
std::vector<std::string_view> workload_names();

// One of those names, or COUNTxLENGTH. Error (kInvalidArgument) otherwise.
Workload parse_workload(std::string_view name);

// Random tokens; the same for the same lengths.
TokenBatch random_batch(const Workload& workload, int32_t vocab_size);

}  // namespace modernbert
