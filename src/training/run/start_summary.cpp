#include "training/run/start_summary.h"

#include <fmt/format.h>

#include "core/fail.h"
#include "model/cost.h"
#include "training/report/step_line.h"

namespace modernbert {
namespace {

constexpr double kGib = 1024.0 * 1024 * 1024, kGb = 1e9;
// The rest of the process: a part of the logits and their gradient, code, tokenizer, a report being written.
constexpr double kReserve = 0.5 * kGib;

double parameters_of(const EncoderConfig& encoder) {
  return static_cast<double>(count_parameters(encoder, HeadKind::kMaskedLm).total());
}

// The largest micro-batch that divides the batch and fits; 0 if none does.
int64_t fitting_micro_batch(const Recipe& recipe, const MemoryNeed& need, double per_row, double available) {
  for (int64_t rows = recipe.batch.micro_batch; rows > 0; --rows) {
    const bool divides = recipe.batch.sequences % rows == 0 && recipe.batch.warmup_from % rows == 0;
    if (divides && need.state + need.copies + kReserve + per_row * static_cast<double>(rows) <= available)
      return rows;
  }
  return 0;
}

std::string gib(double bytes) {
  return fmt::format("{:.2f} GiB", bytes / kGib);
}

}  // namespace

double checkpoint_bytes(const EncoderConfig& encoder) {
  return 3 * sizeof(float) * parameters_of(encoder);
}

MemoryNeed memory_need(const Recipe& recipe, const EncoderConfig& encoder, double activation_bytes) {
  const double parameters = parameters_of(encoder);
  MemoryNeed need;
  need.state = 4 * sizeof(float) * parameters;
  const double bytes_per_value = recipe.compute.dtype == ComputeType::kFp32 ? 4 : 2;
  need.copies = bytes_per_value * parameters;
  need.activations = activation_bytes;
  return need;
}

void check_memory(const Recipe& recipe, const MemoryNeed& need, double per_row, double available) {
  if (recipe.compute.memory_gib > 0) available = recipe.compute.memory_gib * kGib;
  if (available <= 0 || need.total() + kReserve <= available) return;
  const int64_t rows = fitting_micro_batch(recipe, need, per_row, available);
  std::string advice;
  if (rows > 0) {
    advice = fmt::format("set batch.micro_batch to {} (now {})", rows, recipe.batch.micro_batch);
    if (!recipe.compute.recompute) advice += ", or compute.recompute to true";
  } else if (need.state + need.copies + kReserve > available) {
    advice = fmt::format("its values, gradients and moments alone take {}: choose a smaller model",
                         gib(need.state + need.copies));
  } else {
    advice = fmt::format("one row takes {}: lower data.sequence_length{}", gib(per_row),
                         recipe.compute.recompute ? "" : " or set compute.recompute to true");
  }
  fail(ErrorCode::kInvalidArgument, "the run needs {} of memory, {} are available: {}",
       gib(need.total() + kReserve), gib(available), advice);
}

void check_disk(const Recipe& recipe, const EncoderConfig& encoder, double free_bytes, double present) {
  // The last ones stay while the next is written; the final model is a third of one.
  const double need =
      checkpoint_bytes(encoder) * (static_cast<double>(recipe.checkpoint.keep) + 1 + 1.0 / 3) - present;
  if (free_bytes <= 0 || need <= free_bytes) return;
  fail(ErrorCode::kIo,
       "{} checkpoints of {:.2f} GB and one being written need {:.2f} GB more, {:.2f} GB are free: lower "
       "checkpoint.keep (now {}) or choose another output folder",
       recipe.checkpoint.keep, checkpoint_bytes(encoder) / kGb, need / kGb, free_bytes / kGb,
       recipe.checkpoint.keep);
}

std::vector<std::string> summary_lines(const Recipe& recipe, const StartSummary& s) {
  const EncoderConfig& e = s.encoder;
  const BatchRecipe& batch = recipe.batch;
  std::vector<std::string> lines;
  const auto add = [&](const char* name, const std::string& text) {
    lines.push_back(fmt::format("{:<9} {}", name, text));
  };
  add("model", fmt::format("{} parameters: {} layers, hidden {}, {} heads, intermediate {}, vocabulary {}",
                           count_text(parameters_of(e)), e.num_hidden_layers, e.hidden_size,
                           e.num_attention_heads, e.intermediate_size, e.vocab_size));
  add("tokens", fmt::format("{} to go of {}, in rows of {}", count_text(static_cast<double>(s.tokens_left)),
                            count_text(recipe.schedule.total), recipe.data.sequence_length));
  std::string steps = fmt::format("{} to go of {}: {} rows each, {} at a time", s.steps_left, s.total_steps,
                                  batch.sequences, batch.micro_batch);
  if (batch.warmup_from > 0)
    steps += fmt::format("; from {} rows on over {} tokens", batch.warmup_from,
                         count_text(static_cast<double>(batch.warmup_tokens)));
  add("steps", steps);
  add("optimiser", fmt::format("{}, peak rate {:g}, {}", to_string(recipe.optimizer.kind),
                               recipe.optimizer.learning_rate, to_string(recipe.schedule.kind)));
  add("memory",
      fmt::format("{}: values, gradients, moments {}, copies for products {}, activations {}; {} available",
                  gib(s.memory.total()), gib(s.memory.state), gib(s.memory.copies), gib(s.memory.activations),
                  gib(s.available_memory)));
  add("disk", fmt::format("{:.2f} GB a checkpoint, the last {} are kept; {:.1f} GB free",
                          checkpoint_bytes(e) / kGb, recipe.checkpoint.keep, s.free_disk / kGb));
  add("time", fmt::format("{} predicted, from one micro-batch at {} tokens/s ({})",
                          duration_text(s.seconds_left), count_text(s.tokens_per_s), s.machine));
  return lines;
}

}  // namespace modernbert
