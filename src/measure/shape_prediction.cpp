#include "measure/shape_prediction.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "measure/shapes.h"
#include "measure/workloads.h"
#include "model/cost.h"
#include "ops/peak/peak.h"

namespace modernbert {
namespace {

// Small enough to be measured at once, too large for its weights to stay in the inner caches.
constexpr EncoderShape kProbe{4, 768, 1152};
constexpr double kProbeSeconds = 0.5;

double values_passed(const EncoderShape& shape, int64_t length) {
  return static_cast<double>(shape.layers * length * (int64_t{shape.hidden} + shape.intermediate));
}

double layer_gemm_seconds(const EncoderShape& shape, const ProductSeconds& product_seconds) {
  double seconds = 0;
  for (const Product& product : products_of(shape)) seconds += product_seconds(product);
  return seconds;
}

double attention_flops(const EncoderShape& shape, int64_t length, int32_t window) {
  return 4.0 * shape.hidden * static_cast<double>(visible_pairs(length, window));
}

double value_bytes(GemmType type) {
  return type == GemmType::kBf16 ? 2 : type == GemmType::kInt8 ? 1 : 4;
}

struct Probe {
  ForwardSpeed speed;
  double attention_seconds = 0;
  double row_seconds = 0;
};

// A small vocabulary is generated faster, and passes look up one row per token whatever its size.
EncoderConfig config_to_run(const EncoderShape& shape) {
  constexpr int32_t kVocabulary = 2048;
  EncoderConfig config = config_of(shape);
  config.vocab_size = kVocabulary;
  return config;
}

ForwardSpeed run_text(const EncoderConfig& config, int64_t length, const EncoderOptions& options,
                      double min_seconds) {
  const Workload text{"text", {static_cast<int32_t>(length)}};
  return measure_forward(*random_encoder(config, options), random_batch(text, config.vocab_size),
                         min_seconds);
}

// window: of every layer.
Probe run_probe(int32_t window, const EncoderOptions& options, int64_t length,
                const ProductSeconds& product_seconds) {
  EncoderConfig config = config_to_run(kProbe);
  for (LayerConfig& layer : config.layers) layer.window = window;
  Probe probe{run_text(config, length, options, kProbeSeconds)};
  // Ops are a mean and the pass is the best one: shares of the mean hold for it too.
  double all = 0, attention = 0;
  for (const OpSpeed& op : probe.speed.ops) {
    all += op.seconds;
    if (op.name == kCpuOpNames[static_cast<size_t>(CpuOp::kAttention)]) attention = op.seconds;
  }
  probe.attention_seconds = probe.speed.best_seconds() * attention / all;
  probe.row_seconds = std::max(0.0, probe.speed.best_seconds() - probe.attention_seconds -
                                        kProbe.layers * layer_gemm_seconds(kProbe, product_seconds));
  return probe;
}

// Threads run at once and each counts its own best moment: that all of them are undisturbed in the same one
// is rare on a machine with other work.
Peaks sum_of_thread_peaks(const EncoderOptions& options) {
  std::vector<Peaks> peaks(static_cast<size_t>(options.threads));
  {
    std::vector<std::jthread> threads;
    for (Peaks& of_thread : peaks) threads.emplace_back([&] { of_thread = measure_peaks(options.dtype, 1); });
  }
  Peaks sum;
  for (const Peaks& of_thread : peaks) {
    sum.gemm += of_thread.gemm;
    sum.attention += of_thread.attention;
  }
  return sum;
}

Peaks better_of(const Peaks& a, const Peaks& b) {
  return {std::max(a.gemm, b.gemm), std::max(a.attention, b.attention)};
}

}  // namespace

Prediction predict(const EncoderShape& shape, int64_t length, const MachineSpeed& machine, GemmType type,
                   const ProductSeconds& product_seconds) {
  Prediction prediction;
  prediction.gemm_seconds = shape.layers * layer_gemm_seconds(shape, product_seconds);
  const EncoderConfig config = config_of(shape);
  double all_attention_flops = 0;
  for (const LayerConfig& layer : config.layers) {
    const double flops = attention_flops(shape, length, layer.window);
    const double share = layer.window < 0 ? machine.full_attention : machine.local_attention;
    prediction.attention_seconds += flops / (share * machine.peaks.attention * 1e9);
    all_attention_flops += flops;
  }
  prediction.row_seconds = values_passed(shape, length) * machine.seconds_per_value;
  prediction.stream_seconds =
      static_cast<double>(matrix_parameters(config)) * value_bytes(type) / (machine.read_gbytes_per_s * 1e9);
  prediction.seconds =
      std::max(prediction.stream_seconds,
               prediction.gemm_seconds + prediction.attention_seconds + prediction.row_seconds);
  const double gemm = gemm_flops(config, length);
  prediction.share_of_peak =
      1e-9 * (gemm + all_attention_flops) / prediction.seconds / machine.peaks.of(gemm, all_attention_flops);
  return prediction;
}

EncoderOptions resolve_options(const EncoderOptions& options) {
  constexpr EncoderShape kTiny{2, 256, 64};
  const auto encoder = random_encoder(config_to_run(kTiny), options);
  EncoderOptions resolved = options;
  resolved.dtype = encoder->dtype();
  resolved.threads = encoder->threads();
  return resolved;
}

MachineSpeed measure_machine(const EncoderOptions& options, int64_t length,
                             const ProductSeconds& product_seconds) {
  const int32_t local_window = config_of(kBaseShape).layers[1].window;
  MachineSpeed machine;
  const auto look_at_peaks = [&] {
    constexpr int kTries = 3;
    for (int i = 0; i < kTries; ++i) machine.peaks = better_of(machine.peaks, sum_of_thread_peaks(options));
  };
  look_at_peaks();
  const Probe global = run_probe(-1, options, length, product_seconds);
  const Probe local = run_probe(local_window, options, length, product_seconds);
  look_at_peaks();
  const auto share = [&](const Probe& probe, int32_t window) {
    return 1e-9 * kProbe.layers * attention_flops(kProbe, length, window) / probe.attention_seconds /
           machine.peaks.attention;
  };
  machine.full_attention = share(global, -1);
  machine.local_attention = share(local, local_window);
  machine.seconds_per_value = std::min(global.row_seconds, local.row_seconds) / values_passed(kProbe, length);
  machine.read_gbytes_per_s = measured_read_bandwidth(options.threads);
  return machine;
}

ForwardSpeed measure_shape(const EncoderShape& shape, int64_t length, const EncoderOptions& options,
                           double min_seconds) {
  return run_text(config_to_run(shape), length, options, min_seconds);
}

}  // namespace modernbert
