#include "model/loaded_encoder.h"

#include <algorithm>
#include <chrono>

#include "core/default_threads.h"
#include "core/fail.h"
#include "core/file.h"
#include "model/cpu_encoder.h"
#include "model/ref_encoder.h"
#include "ops/cpu/cpu_features.h"

namespace modernbert {
namespace {

constexpr int kMaxThreads = 1024;

int resolve_threads(int threads) {
  if (threads < 0 || threads > kMaxThreads) {
    fail(ErrorCode::kInvalidArgument, "threads is {}, want 0 (all cores) to {}", threads, kMaxThreads);
  }
  return std::min(choose_threads(threads), kMaxThreads);
}

// In narrower encoders bf16 rounding does not average out: a product sums too few terms.
constexpr int32_t kMinBf16Width = 128;

}  // namespace

ComputeType resolve_dtype(ComputeType dtype, const EncoderConfig& config) {
  if (config.hidden_size < kMinBf16Width) return ComputeType::kFp32;
  if (dtype != ComputeType::kAuto) return dtype;
  return cpu_has_bf16() ? ComputeType::kBf16 : ComputeType::kFp32;
}

std::shared_ptr<const LoadedEncoder> LoadedEncoder::load(const std::filesystem::path& folder,
                                                         const EncoderOptions& options) {
  const std::filesystem::path path = folder / "config.json";
  if (!std::filesystem::exists(path)) fail(ErrorCode::kNotFound, "{}: no config.json", folder.string());
  return from_weights(parse_config(read_file(path), path.string()), Weights::open(folder), options);
}

std::shared_ptr<const LoadedEncoder> LoadedEncoder::from_weights(EncoderConfig config, Weights weights,
                                                                 const EncoderOptions& options) {
  std::shared_ptr<LoadedEncoder> loaded(new LoadedEncoder());
  loaded->config_ = std::move(config);
  loaded->weights_ = std::move(weights);
  loaded->backend_ = options.backend;
  loaded->dtype_ =
      options.backend == Backend::kRef ? ComputeType::kFp32 : resolve_dtype(options.dtype, loaded->config_);
  loaded->threads_ = resolve_threads(options.threads);
  if (options.backend == Backend::kRef) {
    loaded->encoder_ = std::make_unique<RefEncoder>(loaded->config_, loaded->weights_);
  } else {
    loaded->encoder_ = std::make_unique<CpuEncoder>(loaded->config_, loaded->weights_,
                                                    gemm_plan(loaded->dtype_), loaded->threads_);
  }
  return loaded;
}

Matrix LoadedEncoder::forward(const TokenBatch& batch, LayerObserver* observer) const {
  check_batch(batch, config_);
  Matrix hidden(batch.tokens(), config_.hidden_size);
  if (batch.tokens() == 0) return hidden;
  std::unique_ptr<Workspace> workspace = borrow_workspace();
  const auto begin = std::chrono::steady_clock::now();
  encoder_->forward(batch, *workspace, hidden.view(), observer);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  return_workspace(std::move(workspace));
  count_work(batch, time.count());
  return hidden;
}

std::unique_ptr<Workspace> LoadedEncoder::borrow_workspace() const {
  const std::lock_guard lock(mutex_);
  if (idle_workspaces_.empty()) return encoder_->make_workspace();
  std::unique_ptr<Workspace> workspace = std::move(idle_workspaces_.back());
  idle_workspaces_.pop_back();
  return workspace;
}

void LoadedEncoder::return_workspace(std::unique_ptr<Workspace> workspace) const {
  const std::lock_guard lock(mutex_);
  idle_workspaces_.push_back(std::move(workspace));
}

void LoadedEncoder::count_work(const TokenBatch& batch, double seconds) const {
  const double gemm = gemm_flops(config_, batch.tokens());
  const double attention = forward_flops(config_, batch) - gemm;
  const std::lock_guard lock(mutex_);
  work_done_.tokens += batch.tokens();
  work_done_.gemm_flops += gemm;
  work_done_.attention_flops += attention;
  work_done_.seconds += seconds;
}

WorkDone LoadedEncoder::work_done() const {
  const std::lock_guard lock(mutex_);
  return work_done_;
}

std::unique_ptr<Linear> LoadedEncoder::make_head_linear(MatView<const float> weight,
                                                        std::span<const float> bias) const {
  return make_linear(backend_ == Backend::kRef ? GemmType::kRef : GemmType::kFp32, weight, bias);
}

}  // namespace modernbert
