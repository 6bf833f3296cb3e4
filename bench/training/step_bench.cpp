// Training steps of whole models, AdamW included, as one JSON object: tokens per second in the median step,
// share of the measured peak, peak memory.
//   step_bench [nano|base] [fixed|ragged] [fp32|bf16] [steps] [threads]
#include <fmt/format.h>
#include <omp.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <string>

#include "core/json.h"
#include "core/random.h"
#include "ops/peak/peak.h"
#include "training/initialization.h"
#include "training/model/trained_masked_lm.h"
#include "training/optimizer/optimizer.h"
#include "training/run/optimized_tensors.h"

namespace modernbert {
namespace {

struct Shape {
  EncoderConfig config;
  int rows = 0, length = 0;
};

Shape make_shape(const std::string& name) {
  Shape shape;
  EncoderConfig& config = shape.config;
  if (name == "nano") {
    config.vocab_size = 8192;
    config.hidden_size = 256;
    config.intermediate_size = 384;
    config.num_hidden_layers = 8;
    config.num_attention_heads = 4;
    shape.rows = 32;
    shape.length = 256;
  } else {
    shape.rows = 8;
    shape.length = 512;
  }
  for (int i = 0; i < config.num_hidden_layers; ++i)
    config.layers.push_back(i % 3 == 0 ? LayerConfig{-1, 160000} : LayerConfig{64, 10000});
  return shape;
}

// Ragged: lengths between an eighth of the full one and the full one.
MaskedLmBatch make_batch(const Shape& shape, bool ragged) {
  MaskedLmBatch batch;
  for (int b = 0; b < shape.rows; ++b) {
    const int shortest = shape.length / 8;
    const auto extra =
        random_below(1, static_cast<uint64_t>(b), static_cast<uint64_t>(shape.length - shortest + 1));
    std::vector<int32_t> ids(static_cast<size_t>(ragged ? shortest + static_cast<int>(extra) : shape.length));
    for (size_t i = 0; i < ids.size(); ++i)
      ids[i] = 5 + static_cast<int32_t>(random_below(random_hash(2, static_cast<uint64_t>(b)), i,
                                                     static_cast<uint64_t>(shape.config.vocab_size - 5)));
    for (size_t i = 0; i < ids.size(); ++i)
      batch.labels.push_back(
          random_uniform(random_hash(3, static_cast<uint64_t>(b)), i) < 0.3 ? ids[i] : kNotPredicted);
    batch.tokens.add(ids);
  }
  return batch;
}

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int64_t peak_rss_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

// What a training run does over and over.
class Stepper {
 public:
  Stepper(const EncoderConfig& config, const TrainingOptions& options)
      : layout_(std::make_shared<const ParameterLayout>(config, HeadKind::kMaskedLm)),
        values_(layout_),
        gradients_(layout_),
        model_(config, options),
        optimizer_({.kind = OptimizerKind::kAdamW}, optimized_tensors(*layout_, OptimizerKind::kAdamW),
                   options.threads) {
    initialize_parameters(config, {}, 1, values_);
  }

  void step(const MaskedLmBatch& batch) {
    model_.set_parameters(values_);
    std::ranges::fill(gradients_.values(), 0.0F);
    model_.forward_backward(batch, 1e-4, static_cast<uint64_t>(optimizer_.steps()), gradients_);
    const double start = seconds();
    optimizer_.step(values_.values(), gradients_.values(), 1e-4, 1);
    optimizer_seconds_ = seconds() - start;
  }
  double optimizer_seconds() const { return optimizer_seconds_; }  // of the last step

 private:
  std::shared_ptr<const ParameterLayout> layout_;
  ParameterBlock values_, gradients_;
  TrainedMaskedLm model_;
  Optimizer optimizer_;
  double optimizer_seconds_ = 0;
};

struct Arguments {
  std::string shape, lengths, dtype;
  int steps = 0, threads = 0;
};

void run(const Arguments& arguments) {
  const Shape shape = make_shape(arguments.shape);
  const MaskedLmBatch batch = make_batch(shape, arguments.lengths == "ragged");
  TrainingOptions options;
  options.dtype = arguments.dtype == "fp32" ? ComputeType::kFp32 : ComputeType::kBf16;
  options.threads = arguments.threads;
  options.recompute = std::getenv("RECOMPUTE") != nullptr;
  Stepper stepper(shape.config, options);
  stepper.step(batch);  // prepares products
  std::vector<double> times;
  for (int step = 0; step < arguments.steps; ++step) {
    const double start = seconds();
    stepper.step(batch);
    times.push_back(seconds() - start);
  }
  std::ranges::sort(times);
  const double time = times[times.size() / 2], gflops = training_flops(shape.config, batch) / time / 1e9;
  const GemmType type = options.dtype == ComputeType::kBf16 ? GemmType::kBf16 : GemmType::kFp32;
  const double peak = measured_peak_gflops(type, options.threads);
  OrderedJson result = {{"shape", arguments.shape},
                        {"lengths", arguments.lengths},
                        {"dtype", arguments.dtype},
                        {"tokens", batch.tokens.tokens()},
                        {"tokens_per_s", std::round(static_cast<double>(batch.tokens.tokens()) / time)},
                        {"optimizer_share", std::round(1e3 * stepper.optimizer_seconds() / time) / 1e3},
                        {"gflops", std::round(gflops)},
                        {"peak_gflops", std::round(peak)},
                        {"share_of_peak", std::round(1e3 * gflops / peak) / 1e3},
                        {"peak_rss_mb", peak_rss_mb()}};
  fmt::print("{}\n", result.dump());
}

}  // namespace
}  // namespace modernbert

int main(int count, char** arguments) {
  const auto argument = [&](int i, const std::string& otherwise) {
    return i < count ? std::string(arguments[i]) : otherwise;
  };
  modernbert::run({argument(1, "nano"), argument(2, "fixed"), argument(3, "bf16"),
                   std::stoi(argument(4, "5")),
                   std::stoi(argument(5, std::to_string(omp_get_max_threads())))});
  return 0;
}
