// What a run will take, said before it starts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "modernbert/config.h"
#include "training/recipe/recipe.h"

namespace modernbert {

struct MemoryNeed {
  double state = 0;        // values, gradients, two moments
  double copies = 0;       // values in the type and order that products want
  double activations = 0;  // of one micro-batch
  double total() const { return state + copies + activations; }
};

// bytes: of the activations of one micro-batch of `micro_batch` rows.
MemoryNeed memory_need(const Recipe& recipe, const EncoderConfig& encoder, double activation_bytes);

// Error (kInvalidArgument) that says what to change if `need` is more than the machine has.
// per_row: activation bytes of one row.
void check_memory(const Recipe& recipe, const MemoryNeed& need, double per_row, double available);

// Error (kIo) if the checkpoints that are kept, and one that is written, do not fit the disk.
// present: bytes of this run's checkpoints that are there already.
void check_disk(const Recipe& recipe, const EncoderConfig& encoder, double free_bytes, double present);

struct StartSummary {
  EncoderConfig encoder;
  MemoryNeed memory;
  double available_memory = 0;
  double free_disk = 0;
  int64_t steps_left = 0;
  int64_t total_steps = 0;
  int64_t tokens_left = 0;
  double seconds_left = 0;  // predicted
  double tokens_per_s = 0;  // of the measured micro-batch
  std::string machine;      // "bf16, 2 threads"
};
// Aligned lines for people.
std::vector<std::string> summary_lines(const Recipe& recipe, const StartSummary& summary);

double checkpoint_bytes(const EncoderConfig& encoder);

}  // namespace modernbert
