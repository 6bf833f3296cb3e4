// LayerNorm (learnt weight and bias, eps 1e-5) and Normalize (unit length).
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "model/weights.h"
#include "ops/rowwise/norm.h"
#include "tasks/scores.h"
#include "tasks/sentence_transformers/module.h"

namespace modernbert {
namespace {

class LayerNorm : public Module {
 public:
  LayerNorm(std::string feature, std::vector<float> weight, std::vector<float> bias)
      : feature_(std::move(feature)), weight_(std::move(weight)), bias_(std::move(bias)) {}

  void apply(Features& features) const override {
    constexpr float kEps = 1e-5f;  // torch.nn.LayerNorm's default; the module's config has no field for it
    Matrix& x = features.values.at(feature_);
    normalize(RowNorm{true, kEps, weight_, bias_}, x.view(), x.view());
  }

 private:
  std::string feature_;
  std::vector<float> weight_;
  std::vector<float> bias_;
};

class Normalize : public Module {
 public:
  Normalize(std::string input, std::string output) : input_(std::move(input)), output_(std::move(output)) {}

  void apply(Features& features) const override {
    const Matrix& x = features.values.at(input_);
    Matrix y(x.rows(), x.cols());
    for (int64_t i = 0; i < x.rows(); ++i) {
      std::copy_n(x.row(i).data(), x.cols(), y.row(i).data());
      l2_normalize(y.row(i));
    }
    features.values[output_] = std::move(y);
  }

 private:
  std::string input_;
  std::string output_;
};

}  // namespace

std::unique_ptr<Module> make_layer_norm(const ModuleContext& context, FeatureWidths& widths) {
  const ModuleConfig config(context.entry);
  const std::string feature = context.token_level ? kTokenEmbeddings : kSentenceEmbedding;
  const int64_t width = require_width(context, widths, feature);
  if (config.fields().integer("dimension", width, 1, 1 << 24) != width) {
    config.fields().reject("dimension", fmt::format("{}, the width of {}", width, feature));
  }
  const Weights weights = Weights::open(context.entry.folder);
  return std::make_unique<LayerNorm>(feature, weights.require("norm.weight", {width}).to_floats(),
                                     weights.require("norm.bias", {width}).to_floats());
}

std::unique_ptr<Module> make_normalize(const ModuleContext& context, FeatureWidths& widths) {
  const ModuleConfig config(context.entry);
  const std::string input = feature_name(context, config.fields(), "module_input_name", kSentenceEmbedding);
  const std::string output = feature_name(context, config.fields(), "module_output_name", input);
  widths[output] = require_width(context, widths, input);
  return std::make_unique<Normalize>(input, output);
}

}  // namespace modernbert
