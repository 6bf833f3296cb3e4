#include "ops/matmul/matmul.h"

#include <array>
#include <dnnl.hpp>
#include <map>
#include <type_traits>
#include <unordered_map>

#include "core/check.h"
#include "ops/cpu/cpu_features.h"
#include "ops/cpu/thread_scope.h"
#include "ops/matmul/matmul_amx.h"
#include "ops/rowwise/convert.h"

namespace modernbert {
namespace {

using dnnl::memory;

// A matrix operand as oneDNN sees it: rows × cols elements at distances row_step and col_step.
struct Operand {
  void* data = nullptr;
  int64_t rows = 0, cols = 0, row_step = 0, col_step = 0;
  memory::data_type type = memory::data_type::f32;

  memory::desc describe() const { return {{rows, cols}, type, {row_step, col_step}}; }

  // The operand in memory: lines of neighbours.
  bool is_transposed() const { return col_step != 1; }
  int64_t lines() const { return is_transposed() ? cols : rows; }
  int64_t line_length() const { return is_transposed() ? rows : cols; }
  Bf16* line(int64_t i) const {
    return static_cast<Bf16*>(data) + i * (is_transposed() ? col_step : row_step);
  }
};

template <class T>
constexpr memory::data_type kElementType =
    std::is_same_v<std::remove_const_t<T>, Bf16> ? memory::data_type::bf16 : memory::data_type::f32;

template <class T>
Operand operand(MatView<T> m) {
  return {const_cast<std::remove_const_t<T>*>(m.data), m.rows, m.cols, m.stride, 1, kElementType<T>};
}

template <class T>
Operand transposed(MatView<T> m) {
  return {const_cast<std::remove_const_t<T>*>(m.data), m.cols, m.rows, 1, m.stride, kElementType<T>};
}

// x in the same layout, its numbers as yet unknown.
Operand like(const Operand& x, AlignedBuffer<float>& buffer) {
  buffer.reserve(static_cast<size_t>(x.rows * x.cols));
  const int64_t length = x.line_length();
  return x.is_transposed() ? Operand{buffer.data(), x.rows, x.cols, 1, length, memory::data_type::f32}
                           : Operand{buffer.data(), x.rows, x.cols, length, 1, memory::data_type::f32};
}

// bf16 x as fp32.
Operand widened(const Operand& x, AlignedBuffer<float>& buffer) {
  const Operand wide = like(x, buffer);
  const auto length = static_cast<size_t>(x.line_length());
  for (int64_t i = 0; i < x.lines(); ++i)
    convert_to_float({x.line(i), length}, {buffer.data() + static_cast<size_t>(i) * length, length});
  return wide;
}

// What a prepared product depends on.
using Shape = std::array<int64_t, 12>;

class Products {
 public:
  void run(const Operand& a, const Operand& b, const Operand& c, const float* bias, bool accumulates) {
    if (a.type == memory::data_type::bf16 && !cpu_has_avx512())
      return run_widened(a, b, c, bias, accumulates);
    run_as_given(a, b, c, bias, accumulates);
  }

 private:
  // oneDNN multiplies bf16 from AVX-512 on. Elsewhere the rounded factors are multiplied in fp32.
  void run_widened(const Operand& a, const Operand& b, const Operand& c, const float* bias,
                   bool accumulates) {
    const Operand wide_a = widened(a, widened_a_), wide_b = widened(b, widened_b_);
    if (c.type == memory::data_type::f32) return run_as_given(wide_a, wide_b, c, bias, accumulates);
    MB_CHECK(!accumulates);
    run_as_given(wide_a, wide_b, like(c, widened_c_), bias, false);
    const auto length = static_cast<size_t>(c.line_length());
    for (int64_t i = 0; i < c.lines(); ++i)
      convert_to_bf16({widened_c_.data() + static_cast<size_t>(i) * length, length}, {c.line(i), length});
  }

  void run_as_given(const Operand& a, const Operand& b, const Operand& c, const float* bias,
                    bool accumulates) {
    const ThreadScope threads(omp_get_max_threads());
    const Entry& entry = find(a, b, c, bias != nullptr, accumulates);
    std::unordered_map<int, memory> arguments = {{DNNL_ARG_SRC, memory(entry.source, engine_, a.data)},
                                                 {DNNL_ARG_WEIGHTS, memory(entry.weights, engine_, b.data)},
                                                 {DNNL_ARG_DST, memory(entry.result, engine_, c.data)}};
    if (bias != nullptr)
      arguments.emplace(DNNL_ARG_BIAS, memory(entry.bias, engine_, const_cast<float*>(bias)));
    entry.primitive.execute(stream_, arguments);
    stream_.wait();
  }

  struct Entry {
    memory::desc source, weights, result, bias;
    dnnl::matmul primitive;
  };

  const Entry& find(const Operand& a, const Operand& b, const Operand& c, bool has_bias, bool accumulates) {
    const Shape shape = {a.rows,
                         a.cols,
                         b.cols,
                         a.row_step,
                         a.col_step,
                         b.row_step,
                         b.col_step,
                         c.row_step,
                         has_bias,
                         accumulates,
                         static_cast<int64_t>(a.type),
                         static_cast<int64_t>(c.type)};
    const auto it = entries_.find(shape);
    return it != entries_.end()
               ? it->second
               : entries_.emplace(shape, prepare(a, b, c, has_bias, accumulates)).first->second;
  }

  Entry prepare(const Operand& a, const Operand& b, const Operand& c, bool has_bias, bool accumulates) {
    Entry entry{a.describe(), b.describe(), c.describe(), {}, {}};
    dnnl::primitive_attr attributes;
    if (accumulates) {
      dnnl::post_ops sum;
      sum.append_sum(1.0f);
      attributes.set_post_ops(sum);
    }
    if (has_bias) entry.bias = memory::desc({1, c.cols}, memory::data_type::f32, memory::format_tag::ab);
    const dnnl::matmul::desc operation =
        has_bias ? dnnl::matmul::desc(entry.source, entry.weights, entry.bias, entry.result)
                 : dnnl::matmul::desc(entry.source, entry.weights, entry.result);
    entry.primitive = dnnl::matmul(dnnl::matmul::primitive_desc(operation, attributes, engine_));
    return entry;
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  std::map<Shape, Entry> entries_;
  AlignedBuffer<float> widened_a_, widened_b_, widened_c_;
};

Products& products() {
  static thread_local Products products;
  return products;
}

}  // namespace

template <class E, class Out>
void multiply_forward(MatView<const E> x, MatView<const E> w, const float* bias, MatView<Out> y) {
  MB_CHECK(x.cols == w.cols && x.rows == y.rows && w.rows == y.cols);
  if constexpr (std::is_same_v<E, Bf16>) {
    if (matmul_amx_takes<Out>(y.rows, y.cols, x.cols)) return multiply_by_rows_amx(x, w, bias, y);
  }
  products().run(operand(x), transposed(w), operand(y), bias, false);
}

template <class E, class Out>
void multiply_input_gradient(MatView<const E> dy, MatView<const E> w, MatView<Out> dx) {
  MB_CHECK(dy.cols == w.rows && dy.rows == dx.rows && w.cols == dx.cols);
  if constexpr (std::is_same_v<E, Bf16>) {
    if (matmul_amx_takes<Out>(dx.rows, dx.cols, dy.cols)) return multiply_by_columns_amx(dy, w, dx);
  }
  products().run(operand(dy), operand(w), operand(dx), nullptr, false);
}

template <class E>
void multiply_weight_gradient(MatView<const E> dy, MatView<const E> x, MatView<float> dw) {
  MB_CHECK(dy.rows == x.rows && dy.cols == dw.rows && x.cols == dw.cols);
  if constexpr (std::is_same_v<E, Bf16>) {
    if (matmul_amx_takes<float>(dw.rows, dw.cols, x.rows)) return add_transposed_product_amx(dy, x, dw);
  }
  products().run(transposed(dy), operand(x), operand(dw), nullptr, true);
}

template void multiply_forward(MatView<const float>, MatView<const float>, const float*, MatView<float>);
template void multiply_forward(MatView<const Bf16>, MatView<const Bf16>, const float*, MatView<float>);
template void multiply_forward(MatView<const Bf16>, MatView<const Bf16>, const float*, MatView<Bf16>);
template void multiply_input_gradient(MatView<const float>, MatView<const float>, MatView<float>);
template void multiply_input_gradient(MatView<const Bf16>, MatView<const Bf16>, MatView<float>);
template void multiply_input_gradient(MatView<const Bf16>, MatView<const Bf16>, MatView<Bf16>);
template void multiply_weight_gradient(MatView<const float>, MatView<const float>, MatView<float>);
template void multiply_weight_gradient(MatView<const Bf16>, MatView<const Bf16>, MatView<float>);

}  // namespace modernbert
