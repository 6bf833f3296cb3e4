// A whole forward pass of ModernBERT-base shapes with random weights on fixed workloads: tokens/s and the
// share of the multiply-add peak that this process measures itself. FLOPs are counted for real tokens and
// visible keys only.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "model/cost.h"
#include "model/cpu_encoder.h"
#include "model/loaded_encoder.h"
#include "ops/peak/peak.h"

namespace modernbert {
namespace {

// Uniform weights of a trained model's size, in memory.
class RandomWeights {
 public:
  explicit RandomWeights(const EncoderConfig& c) {
    add("model.embeddings.tok_embeddings.weight", {c.vocab_size, c.hidden_size}, 0, 0.5f);
    add("model.embeddings.norm.weight", {c.hidden_size}, 1, 0.1f);
    for (int i = 0; i < c.num_hidden_layers; ++i) {
      const std::string layer = "model.layers." + std::to_string(i) + ".";
      if (i > 0) add(layer + "attn_norm.weight", {c.hidden_size}, 1, 0.1f);
      add(layer + "attn.Wqkv.weight", {3 * c.hidden_size, c.hidden_size}, 0, 0.05f);
      add(layer + "attn.Wo.weight", {c.hidden_size, c.hidden_size}, 0, 0.05f);
      add(layer + "mlp_norm.weight", {c.hidden_size}, 1, 0.1f);
      add(layer + "mlp.Wi.weight", {2 * c.intermediate_size, c.hidden_size}, 0, 0.05f);
      add(layer + "mlp.Wo.weight", {c.hidden_size, c.intermediate_size}, 0, 0.05f);
    }
    add("model.final_norm.weight", {c.hidden_size}, 1, 0.1f);
  }
  Weights weights() { return Weights::from_memory(tensors_, buffers_, "random weights"); }

 private:
  void add(const std::string& name, std::vector<int64_t> shape, float centre, float half_width) {
    Tensor tensor{"random weights", DType::kF32, std::move(shape), nullptr};
    auto& data = buffers_->emplace_back(static_cast<size_t>(tensor.elements()));
    std::uniform_real_distribution<float> uniform(centre - half_width, centre + half_width);
    for (float& value : data) value = uniform(generator_);
    tensor.data = reinterpret_cast<const std::byte*>(data.data());
    tensors_[name] = std::move(tensor);
  }

  std::minstd_rand generator_{1};
  std::shared_ptr<std::vector<std::vector<float>>> buffers_ =
      std::make_shared<std::vector<std::vector<float>>>();
  TensorMap tensors_;
};

const LoadedEncoder& base_encoder(ComputeType dtype) {
  static std::map<ComputeType, std::shared_ptr<const LoadedEncoder>> encoders;
  auto& encoder = encoders[dtype];
  if (!encoder) {
    const EncoderConfig config = parse_config(R"({"model_type": "modernbert"})", "base");
    encoder = LoadedEncoder::from_weights(config, RandomWeights(config).weights(), {.dtype = dtype});
  }
  return *encoder;
}

TokenBatch batch_of(const std::vector<int32_t>& lengths, int32_t vocabulary) {
  std::minstd_rand generator(2);
  TokenBatch batch;
  for (const int32_t length : lengths) {
    std::vector<int32_t> ids(static_cast<size_t>(length));
    for (int32_t& id : ids) id = static_cast<int32_t>(generator() % static_cast<uint32_t>(vocabulary));
    batch.add(ids);
  }
  return batch;
}

// Search queries: 6 to 32 tokens.
std::vector<int32_t> query_lengths() {
  std::minstd_rand generator(3);
  std::vector<int32_t> lengths(128);
  for (int32_t& length : lengths) length = 6 + static_cast<int32_t>(generator() % 27);
  return lengths;
}

// Passages: log-normal around 120 tokens, 8 to 512.
std::vector<int32_t> mixed_lengths() {
  std::minstd_rand generator(4);
  std::lognormal_distribution<double> lognormal(std::log(120.0), 0.8);
  std::vector<int32_t> lengths(64);
  for (int32_t& length : lengths) length = static_cast<int32_t>(std::clamp(lognormal(generator), 8.0, 512.0));
  return lengths;
}

void forward(benchmark::State& state, ComputeType dtype, const std::vector<int32_t>& lengths) {
  const LoadedEncoder& encoder = base_encoder(dtype);
  const TokenBatch batch = batch_of(lengths, encoder.config().vocab_size);
  const GemmType type = dtype == ComputeType::kBf16   ? GemmType::kBf16
                        : dtype == ComputeType::kInt8 ? GemmType::kInt8
                                                      : GemmType::kFp32;
  const double peak = measured_peak_gflops(type, encoder.threads());
  const double flops = forward_flops(encoder.config(), batch);
  for (auto _ : state) benchmark::DoNotOptimize(encoder.forward(batch).view().data);
  using benchmark::Counter;
  state.counters["tokens/s"] = Counter(batch.tokens(), Counter::kIsIterationInvariantRate);
  state.counters["peak GFLOP/s"] = peak;
  state.counters["share of peak"] = Counter(flops * 1e-9 / peak, Counter::kIsIterationInvariantRate);
}

void register_workloads() {
  const std::map<std::string, std::vector<int32_t>> workloads = {{"fixed512", std::vector<int32_t>(8, 512)},
                                                                 {"queries", query_lengths()},
                                                                 {"mixed", mixed_lengths()},
                                                                 {"long2048", {2048, 2048}},
                                                                 {"long8192", {8192}},
                                                                 {"one16", {16}}};
  for (const ComputeType dtype : {ComputeType::kFp32, ComputeType::kBf16, ComputeType::kInt8}) {
    for (const auto& [name, lengths] : workloads) {
      benchmark::RegisterBenchmark(("forward/" + name + "/" + std::string(to_string(dtype))).c_str(), forward,
                                   dtype, lengths)
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    }
  }
}

// Narrow encoders in both types, whatever LoadedEncoder would choose: where does bf16 begin to pay?
void narrow(benchmark::State& state, GemmType gemm) {
  const int64_t hidden = state.range(0);
  const std::string sizes = R"("vocab_size": 1000, "num_hidden_layers": 4, "num_attention_heads": 2)";
  const EncoderConfig config = parse_config(
      R"({"model_type": "modernbert", )" + sizes + R"(, "hidden_size": )" + std::to_string(hidden) +
          R"(, "intermediate_size": )" + std::to_string(hidden * 3 / 2) + "}",
      "narrow");
  const Weights weights = RandomWeights(config).weights();
  const CpuEncoder encoder(config, weights, GemmPlan::all(gemm), 1);
  const auto workspace = encoder.make_workspace();
  const TokenBatch batch = batch_of(std::vector<int32_t>(8, 128), config.vocab_size);
  Matrix out(batch.tokens(), hidden);
  for (auto _ : state) encoder.forward(batch, *workspace, out.view(), nullptr);
  state.counters["tokens/s"] =
      benchmark::Counter(batch.tokens(), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK_CAPTURE(narrow, fp32, GemmType::kFp32)
    ->Arg(32)
    ->Arg(48)
    ->Arg(64)
    ->Arg(96)
    ->Arg(128)
    ->Arg(192)
    ->Arg(256);
BENCHMARK_CAPTURE(narrow, bf16, GemmType::kBf16)
    ->Arg(32)
    ->Arg(48)
    ->Arg(64)
    ->Arg(96)
    ->Arg(128)
    ->Arg(192)
    ->Arg(256);

const bool kRegistered = (register_workloads(), true);

}  // namespace
}  // namespace modernbert
