// Dense: activation(x Wᵀ + bias), plus a residual where the config asks for one.
#include <fmt/format.h>

#include <vector>

#include "model/weights.h"
#include "ops/linear/linear.h"
#include "ops/rowwise/activations.h"
#include "ops/rowwise/norm.h"
#include "tasks/sentence_transformers/module.h"

namespace modernbert {
namespace {

struct DenseParts {
  std::string input;
  std::string output;
  std::unique_ptr<Linear> linear;
  Activation activation = Activation::kTanh;
  bool use_residual = false;
  std::unique_ptr<Linear> residual;  // null: the input itself is added
  int threads = 1;
};

class Dense : public Module {
 public:
  explicit Dense(DenseParts parts) : parts_(std::move(parts)) {}

  void apply(Features& features) const override {
    const Matrix& x = features.values.at(parts_.input);
    Matrix y = project(*parts_.linear, x);
    for (int64_t i = 0; i < y.rows(); ++i) apply_activation(parts_.activation, y.row(i), y.row(i));
    if (parts_.residual) {
      add_rows(project(*parts_.residual, x).view(), y.view());
    } else if (parts_.use_residual) {
      add_rows(x.view(), y.view());
    }
    features.values[parts_.output] = std::move(y);
  }

 private:
  // x: [R,in].   Returns [R,out].
  Matrix project(const Linear& linear, const Matrix& x) const {
    Matrix y(x.rows(), linear.out_features());
    apply_linear(linear, x.view(), y.view(), parts_.threads);
    return y;
  }

  DenseParts parts_;
};

}  // namespace

std::unique_ptr<Module> make_dense(const ModuleContext& context, FeatureWidths& widths) {
  constexpr int64_t kMaxWidth = 1 << 24;
  const ModuleConfig config(context.entry);
  const JsonObject& fields = config.fields();
  DenseParts parts;
  parts.input = feature_name(context, fields, "module_input_name",
                             context.token_level ? kTokenEmbeddings : kSentenceEmbedding);
  parts.output = feature_name(context, fields, "module_output_name", parts.input);
  parts.activation =
      parse_torch_activation(fields.string("activation_function", "torch.nn.modules.activation.Tanh"),
                             fields.source() + ": activation_function");
  parts.use_residual = fields.boolean("use_residual", false);
  parts.threads = context.encoder.threads();

  const int64_t in = fields.integer("in_features", 0, 1, kMaxWidth);
  const int64_t out = fields.integer("out_features", 0, 1, kMaxWidth);
  const int64_t width = require_width(context, widths, parts.input);
  if (in != width) fields.reject("in_features", fmt::format("{}, the width of {}", width, parts.input));
  if (out == 0) fields.reject("out_features", "an integer");

  const Weights weights = Weights::open(context.entry.folder);
  const auto load = [&](const std::string& name, const std::vector<float>& bias) {
    const std::vector<float> weight = weights.require(name, {out, in}).to_floats();
    return context.encoder.make_head_linear({weight.data(), out, in}, bias);
  };
  std::vector<float> bias;
  if (fields.boolean("bias", true)) bias = weights.require("linear.bias", {out}).to_floats();
  parts.linear = load("linear.weight", bias);
  if (parts.use_residual && in != out) parts.residual = load("residual.weight", {});
  widths[parts.output] = out;
  return std::make_unique<Dense>(std::move(parts));
}

}  // namespace modernbert
