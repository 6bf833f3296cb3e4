// Training steps of whole models, the optimiser left out: tokens per second, share of the measured peak, peak
// memory.
//   step_bench [nano|base] [fixed|ragged] [fp32|bf16] [steps] [threads]
#include <fmt/format.h>
#include <omp.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>

#include "core/random.h"
#include "ops/peak.h"
#include "training/initialization.h"
#include "training/model/trained_masked_lm.h"
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

int run(const std::string& name, bool ragged, ComputeType dtype, int steps, int threads) {
  const Shape shape = make_shape(name);
  const MaskedLmBatch batch = make_batch(shape, ragged);
  TrainingOptions options;
  options.dtype = dtype;
  options.threads = threads;
  options.recompute = std::getenv("RECOMPUTE") != nullptr;
  const auto layout = std::make_shared<const ParameterLayout>(shape.config, HeadKind::kMaskedLm);
  ParameterBlock values(layout), gradients(layout);
  initialize_parameters(shape.config, {}, 1, values);
  TrainedMaskedLm model(shape.config, options);
  std::vector<double> times;
  LossTerms terms;
  for (int step = 0; step <= steps; ++step) {
    const double start = seconds();
    model.set_parameters(values);
    std::ranges::fill(gradients.values(), 0.0f);
    terms = model.forward_backward(batch, 1e-4, static_cast<uint64_t>(step), gradients);
    if (step > 0) times.push_back(seconds() - start);  // the first one prepares products
  }
  std::ranges::sort(times);
  const double time = times[times.size() / 2], flops = training_flops(shape.config, batch);
  const double peak =
      measured_peak_gflops(dtype == ComputeType::kBf16 ? GemmType::kBf16 : GemmType::kFp32, threads);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print(
      "{} {} {}: {} tokens, {:.1f} ms median, {:.1f} ms best, {:.0f} tokens/s, {:.0f} GFLOP/s = {:.0f} % of "
      "{:.0f}, "
      "loss {:.3f}, peak RSS {} MB\n",
      name, ragged ? "ragged" : "fixed", to_string(dtype), batch.tokens.tokens(), 1e3 * time, 1e3 * times[0],
      batch.tokens.tokens() / time, flops / time / 1e9, 100 * flops / time / 1e9 / peak, peak,
      terms.cross_entropy / static_cast<double>(terms.labels), usage.ru_maxrss / 1024);
  return 0;
}

}  // namespace
}  // namespace modernbert

int main(int count, char** arguments) {
  const auto argument = [&](int i, const std::string& otherwise) {
    return i < count ? std::string(arguments[i]) : otherwise;
  };
  using modernbert::ComputeType;
  return modernbert::run(argument(1, "nano"), argument(2, "fixed") == "ragged",
                         argument(3, "bf16") == "fp32" ? ComputeType::kFp32 : ComputeType::kBf16,
                         std::stoi(argument(4, "5")),
                         std::stoi(argument(5, std::to_string(omp_get_max_threads()))));
}
