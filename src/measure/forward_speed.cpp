#include "measure/forward_speed.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>

#include "core/check.h"
#include "core/fail.h"
#include "measure/peaks.h"
#include "model/cpu_encoder.h"

namespace modernbert {
namespace {

constexpr size_t kMinPasses = 3;
constexpr double kPeakInterval = 0.5;  // seconds between two measurements of the peak
constexpr int kPeakRunsBetween = 3;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Peaks mean_of(std::span<const Peaks> peaks) {
  Peaks mean;
  for (const Peaks& peak : peaks) {
    mean.gemm += peak.gemm / static_cast<double>(peaks.size());
    mean.attention += peak.attention / static_cast<double>(peaks.size());
  }
  return mean;
}

struct Pass {
  double seconds = 0;
  size_t peaks_before = 0;  // how many of Passes::peaks were measured before it
};

// The clock of a CPU follows its load and that of its neighbours, so a pass is compared with what the machine
// multiplied just before and after it.
struct Passes {
  std::vector<Pass> passes;
  std::vector<Peaks> peaks;

  Pass best() const { return *std::ranges::min_element(passes, {}, &Pass::seconds); }
  Peaks peaks_around(const Pass& pass) const {
    return mean_of(std::span(peaks).subspan(pass.peaks_before - 1, 2));
  }
};

Passes run_passes(const std::function<void()>& pass, const std::function<Peaks()>& peaks, double min_seconds,
                  const std::function<void(double, double)>& progress) {
  Passes result;
  result.peaks.push_back(peaks());
  const double begin = now();
  const auto wants_more = [&] { return result.passes.size() < kMinPasses || now() - begin < min_seconds; };
  while (wants_more()) {
    const double round = now();
    do {
      if (progress) progress(now() - begin, min_seconds);
      const double start = now();
      pass();
      result.passes.push_back({now() - start, result.peaks.size()});
    } while (wants_more() && now() - round < kPeakInterval);
    result.peaks.push_back(peaks());
  }
  return result;
}

// GFLOP of each op of all layers, by CpuOp.
std::array<double, kCpuOpNames.size()> gflop_by_op(const EncoderConfig& config, const TokenBatch& batch) {
  const double rows = 2e-9 * static_cast<double>(batch.tokens()) * config.num_hidden_layers;
  const double hidden = config.hidden_size, inner = config.intermediate_size;
  std::array<double, kCpuOpNames.size()> gflop{};
  const auto set = [&gflop](CpuOp op, double value) { gflop[static_cast<size_t>(op)] = value; };
  set(CpuOp::kQkv, rows * 3 * hidden * hidden);
  set(CpuOp::kAttnOut, rows * hidden * hidden);
  const double gated = static_cast<double>(std::ranges::count_if(
      config.layers, [](const LayerConfig& layer) { return layer.mlp == MlpKind::kGlu; }));
  set(CpuOp::kMlpIn, rows * hidden * inner * (1 + gated / config.num_hidden_layers));
  set(CpuOp::kMlpOut, rows * inner * hidden);
  set(CpuOp::kAttention, 1e-9 * (forward_flops(config, batch) - gemm_flops(config, batch.tokens())));
  return gflop;
}

std::vector<OpSpeed> op_speeds(const CpuWorkspace& workspace, const EncoderConfig& config,
                               const TokenBatch& batch, const Peaks& peaks, size_t passes) {
  const auto gflop = gflop_by_op(config, batch);
  const auto threads = static_cast<double>(workspace.threads.size());
  std::vector<OpSpeed> ops;
  for (size_t i = 0; i < kCpuOpNames.size(); ++i) {
    OpSpeed op{kCpuOpNames[i], 0, gflop[i], 0};
    for (const CpuThreadScratch& thread : workspace.threads)
      op.seconds += thread.clock.seconds()[i] / static_cast<double>(passes);
    op.peak_gflops = (static_cast<CpuOp>(i) == CpuOp::kAttention ? peaks.attention : peaks.gemm) / threads;
    ops.push_back(op);
  }
  return ops;
}

}  // namespace

double ForwardSpeed::percentile(double share) const {
  const auto last = static_cast<double>(seconds.size() - 1);
  return seconds[static_cast<size_t>(std::lround(share * last))];
}

ForwardSpeed measure_forward(const LoadedEncoder& loaded, const TokenBatch& batch, double min_seconds,
                             const std::function<void(double, double)>& progress) {
  const auto* encoder = dynamic_cast<const CpuEncoder*>(&loaded.encoder());
  if (encoder == nullptr) fail(ErrorCode::kInvalidArgument, "only the CPU backend can be measured");
  check_batch(batch, loaded.config());
  const std::unique_ptr<Workspace> workspace = encoder->make_workspace();
  auto& cpu_workspace = dynamic_cast<CpuWorkspace&>(*workspace);
  Matrix hidden(batch.tokens(), loaded.config().hidden_size);
  encoder->forward(batch, *workspace, hidden.view(), nullptr);

  for (CpuThreadScratch& thread : cpu_workspace.threads) thread.clock.switch_on();
  const Passes run =
      run_passes([&] { encoder->forward(batch, *workspace, hidden.view(), nullptr); },
                 [&] { return measure_peaks(loaded.dtype(), loaded.threads(), kPeakRunsBetween); },
                 min_seconds, progress);

  ForwardSpeed speed;
  speed.ops = op_speeds(cpu_workspace, loaded.config(), batch, mean_of(run.peaks), run.passes.size());
  for (const Pass& pass : run.passes) speed.seconds.push_back(pass.seconds);
  std::ranges::sort(speed.seconds);
  speed.tokens = batch.tokens();
  speed.gflop = forward_flops(loaded.config(), batch) * 1e-9;
  const double gemm = gemm_flops(loaded.config(), batch.tokens());
  speed.peak_gflops = run.peaks_around(run.best()).of(gemm, speed.gflop * 1e9 - gemm);
  speed.packed_bytes = static_cast<double>(encoder->packed_bytes());
  return speed;
}

}  // namespace modernbert
