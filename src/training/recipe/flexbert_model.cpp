#include "training/recipe/flexbert_model.h"

#include <fmt/format.h>

#include "model/config_flexbert.h"

namespace modernbert {
namespace {

void read_init(RecipeSection& section, Initialization& init) {
  init.method = section.choice("init_method", InitMethod::kDefault, parse_init_method);
  init.deviation = section.number("init_std", 0.02, 0, 10);
  init.cutoff = section.number("init_cutoff_factor", 2, 0.1, 100);
  init.small_embedding = section.boolean("init_small_embedding", false);
  if (init.small_embedding && init.method == InitMethod::kFullMegatron)
    section.reject("init_small_embedding",
                   "contradicts init_method full_megatron, which sizes the embeddings itself");
}

void read_dropouts(RecipeSection& section, ModelRecipe& model) {
  model.embedding_dropout = section.number("embed_dropout_prob", 0, 0, 0.99);
  model.attention_dropout = section.number("attention_probs_dropout_prob", 0, 0, 0.99);
  model.attention_out_dropout = section.number("attn_out_dropout_prob", 0, 0, 0.99);
  model.mlp_dropout = section.number("mlp_dropout_prob", 0, 0, 0.99);
  // Of heads that a masked language model does not have, or that the framework never reads.
  section.node("head_class_dropout");
  section.node("head_pred_dropout");
}

void read_loss_kwargs(RecipeSection section, bool has_z_loss, LossRecipe& loss) {
  loss.label_smoothing = section.number("label_smoothing", 0, 0, 0.999);
  loss.logit_scale = section.number("logit_scale", 1, 1e-6, 1e6);
  loss.z_loss = section.number("lse_square_scale", 0, 0, 1);
  if (loss.z_loss > 0 && !has_z_loss)
    section.reject("lse_square_scale",
                   "contradicts loss_function cross_entropy: fa_cross_entropy has a z-loss");
  if (section.text("reduction", "mean") != "mean")
    section.reject("reduction", "want mean: gradients are accumulated over a batch of any size");
  if (section.text("ignore_index", "-100") != "-100") section.reject("ignore_index", "want -100");
  for (const char* name : {"return_z_loss", "inplace_backward", "process_group"}) section.node(name);
  section.reject_unknown();
}

void read_flexbert_loss(RecipeSection& section, LossRecipe& loss) {
  const std::string function = section.text("loss_function", "cross_entropy");
  if (function == "binary_cross_entropy" || function == "mean_squared_error")
    section.reject("loss_function",
                   fmt::format("is {}, a loss of classification and regression; a masked language model has "
                               "cross_entropy or fa_cross_entropy",
                               function));
  if (function != "cross_entropy" && function != "fa_cross_entropy")
    section.reject("loss_function",
                   fmt::format("is \"{}\", want cross_entropy or fa_cross_entropy", function));
  read_loss_kwargs(section.section("loss_kwargs"), function == "fa_cross_entropy", loss);
}

}  // namespace

void read_flexbert_model(RecipeSection& section, const RecipeNode& node, ModelRecipe& model,
                         LossRecipe& loss) {
  for (const std::string_view name : flexbert_encoder_fields()) {
    if (section.node(std::string(name)) != nullptr) model.fields.entries.push_back(*node.find(name));
  }
  for (const std::string_view name : flexbert_execution_fields()) section.node(std::string(name));
  read_init(section, model.init);
  read_dropouts(section, model);
  read_flexbert_loss(section, loss);
  section.reject_unknown();
}

}  // namespace modernbert
