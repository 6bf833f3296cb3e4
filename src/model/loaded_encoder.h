// A checkpoint ready to run: config, weights, encoder and the workspaces of its callers.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "model/cost.h"
#include "model/encoder.h"
#include "model/weights.h"
#include "modernbert/config.h"
#include "modernbert/dtype.h"
#include "ops/linear/linear.h"
#include "tensor/matrix.h"

namespace modernbert {

struct EncoderOptions {
  ComputeType dtype = ComputeType::kAuto;
  Backend backend = Backend::kCpu;
  int threads = 0;  // 0 = all cores
};

// The type that the CPU encoder computes in where `dtype` is asked for: fp32 for narrow encoders.
ComputeType resolve_dtype(ComputeType dtype, const EncoderConfig& config);

// Thread-safe.
class LoadedEncoder {
 public:
  static std::shared_ptr<const LoadedEncoder> load(const std::filesystem::path& folder,
                                                   const EncoderOptions& options);
  static std::shared_ptr<const LoadedEncoder> from_weights(EncoderConfig config, Weights weights,
                                                           const EncoderOptions& options);

  const EncoderConfig& config() const { return config_; }
  const Weights& weights() const { return weights_; }
  ComputeType dtype() const { return dtype_; }
  Backend backend() const { return backend_; }
  int threads() const { return threads_; }
  const Encoder& encoder() const { return *encoder_; }

  // Last hidden states [T,H]; checks the batch.   observer: may be null.
  Matrix forward(const TokenBatch& batch, LayerObserver* observer = nullptr) const;
  // Of all calls of forward that have returned.
  WorkDone work_done() const;

  // Packed linear layer for a head: fp32 whatever the compute type. Heads see few rows or have few columns,
  // so it costs little, and rounding so close to the answer would show.   weight: [out,in]; bias: empty or
  // [out].
  std::unique_ptr<Linear> make_head_linear(MatView<const float> weight, std::span<const float> bias) const;

 private:
  LoadedEncoder() = default;
  std::unique_ptr<Workspace> borrow_workspace() const;
  void return_workspace(std::unique_ptr<Workspace> workspace) const;
  void count_work(const TokenBatch& batch, double seconds) const;

  EncoderConfig config_;
  Weights weights_;
  ComputeType dtype_ = ComputeType::kFp32;
  Backend backend_ = Backend::kCpu;
  int threads_ = 1;
  std::unique_ptr<const Encoder> encoder_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Workspace>> idle_workspaces_;
  mutable WorkDone work_done_;
};

}  // namespace modernbert
