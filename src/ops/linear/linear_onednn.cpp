// One primitive per layer, always for kTileRows rows (missing rows are zeros): with a single M and a single
// packed layout a row's summation order is fixed, so its bits cannot depend on how many rows came with it. A
// run-time M would also fall back to unpacked weights.
#include "ops/linear/linear_onednn.h"

#include <cstring>
#include <unordered_map>

#include "core/check.h"
#include "ops/cpu/cpu_features.h"
#include "ops/cpu/thread_scope.h"
#include "ops/linear/linear_scratch.h"
#include "ops/rowwise/convert.h"
#include "tensor/dtype.h"

namespace modernbert {
namespace {

using dnnl::memory;

constexpr int64_t kTileRows = 64;

const dnnl::engine& cpu_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

// oneDNN decides about threads when a primitive is made, some primitives when they are executed; ours run on
// the calling thread alone.
constexpr int kThreads = 1;

class OneDnnLinear final : public Linear {
 public:
  OneDnnLinear(GemmType type, MatView<const float> weight, std::span<const float> bias)
      : in_(weight.cols),
        out_(weight.rows),
        rounds_to_bf16_(type == GemmType::kBf16),
        stores_bf16_(rounds_to_bf16_ && cpu_has_bf16()),
        bias_(bias.size()) {
    std::ranges::copy(bias, bias_.data());
    const ThreadScope single_thread(kThreads);
    make_primitive();
    pack(weight);
  }

  int64_t in_features() const override { return in_; }
  int64_t out_features() const override { return out_; }
  RowType row_type() const override { return rounds_to_bf16_ ? RowType::kBf16 : RowType::kFp32; }
  int64_t max_tile_rows() const override { return kTileRows; }
  int64_t groups() const override { return 1; }
  size_t packed_bytes() const override { return weights_.get_desc().get_size(); }

  void run_tile(const RowsView& x, Range groups, LinearScratch& scratch,
                TileEpilogue epilogue) const override {
    MB_CHECK(x.rows <= kTileRows && x.cols == in_ && x.type == row_type());
    if (groups.size() == 0) return;
    LinearScratch::Impl& buffers = scratch.impl();
    if (!buffers.stream) buffers.stream = dnnl::stream(cpu_engine());
    load_input(x, buffers);
    buffers.output.reserve(static_cast<size_t>(kTileRows * out_));
    buffers.gemm.reserve(descriptor_.scratchpad_desc().get_size());
    std::unordered_map<int, memory> arguments = {
        {DNNL_ARG_SRC, memory(descriptor_.src_desc(), cpu_engine(), buffers.input.data())},
        {DNNL_ARG_WEIGHTS, weights_},
        {DNNL_ARG_DST, memory(descriptor_.dst_desc(), cpu_engine(), buffers.output.data())},
        {DNNL_ARG_SCRATCHPAD, memory(descriptor_.scratchpad_desc(), cpu_engine(), buffers.gemm.data())}};
    if (bias_.capacity() > 0) {
      arguments.emplace(DNNL_ARG_BIAS, memory(bias_desc(), cpu_engine(), const_cast<float*>(bias_.data())));
    }
    const ThreadScope single_thread(kThreads);
    primitive_.execute(buffers.stream, arguments);
    epilogue(0, 0, MatView<float>(buffers.output.data(), x.rows, out_));
  }

 private:
  memory::data_type element_type() const {
    return stores_bf16_ ? memory::data_type::bf16 : memory::data_type::f32;
  }
  memory::desc bias_desc() const { return {{1, out_}, memory::data_type::f32, memory::format_tag::ab}; }

  void make_primitive() {
    const memory::desc src({kTileRows, in_}, element_type(), memory::format_tag::ab);
    const memory::desc packed({in_, out_}, element_type(), memory::format_tag::any);
    const memory::desc dst({kTileRows, out_}, memory::data_type::f32, memory::format_tag::ab);
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const bool has_bias = bias_.capacity() > 0;
    const dnnl::matmul::desc operation =
        has_bias ? dnnl::matmul::desc(src, packed, bias_desc(), dst) : dnnl::matmul::desc(src, packed, dst);
    descriptor_ = dnnl::matmul::primitive_desc(operation, attributes, cpu_engine());
    primitive_ = dnnl::matmul(descriptor_);
  }

  // weight: [out,in], which is the [in,out] operand in column-major order.
  void pack(MatView<const float> weight) {
    AlignedBuffer<std::byte> plain(static_cast<size_t>(out_ * in_) * element_size());
    for (int64_t r = 0; r < out_; ++r)
      store_weights(weight.row(r), plain.data() + static_cast<size_t>(r * in_) * element_size());
    memory from({{in_, out_}, element_type(), memory::format_tag::ba}, cpu_engine(), plain.data());
    weights_ = memory(descriptor_.weights_desc(), cpu_engine());
    dnnl::stream stream(cpu_engine());
    dnnl::reorder(from, weights_).execute(stream, from, weights_);
    stream.wait();
  }

  size_t element_size() const { return stores_bf16_ ? sizeof(Bf16) : sizeof(float); }

  void store_weights(std::span<const float> row, std::byte* to) const {
    if (stores_bf16_) {
      convert_to_bf16(row, {reinterpret_cast<Bf16*>(to), row.size()});
    } else if (rounds_to_bf16_) {
      round_to_bf16(row, {reinterpret_cast<float*>(to), row.size()});
    } else {
      std::memcpy(to, row.data(), row.size_bytes());
    }
  }

  // One row of the input; bf16 is widened where the product is formed in fp32.
  void load_row(const std::byte* from, std::byte* to) const {
    const auto size = static_cast<size_t>(in_);
    if (rounds_to_bf16_ && !stores_bf16_) {
      convert_to_float({reinterpret_cast<const Bf16*>(from), size}, {reinterpret_cast<float*>(to), size});
    } else {
      std::memcpy(to, from, size * element_size());
    }
  }

  void load_input(const RowsView& x, LinearScratch::Impl& buffers) const {
    const size_t row_bytes = static_cast<size_t>(in_) * element_size();
    buffers.input.reserve(kTileRows * row_bytes);
    for (int64_t r = 0; r < x.rows; ++r)
      load_row(x.row(r), buffers.input.data() + static_cast<size_t>(r) * row_bytes);
    std::memset(buffers.input.data() + static_cast<size_t>(x.rows) * row_bytes, 0,
                static_cast<size_t>(kTileRows - x.rows) * row_bytes);
  }

  int64_t in_, out_;
  bool rounds_to_bf16_;
  bool stores_bf16_;
  AlignedBuffer<float> bias_;
  dnnl::matmul::primitive_desc descriptor_;
  dnnl::matmul primitive_;
  memory weights_;
};

}  // namespace

std::unique_ptr<Linear> make_linear_onednn(GemmType type, MatView<const float> weight,
                                           std::span<const float> bias) {
  return std::make_unique<OneDnnLinear>(type, weight, bias);
}

}  // namespace modernbert
