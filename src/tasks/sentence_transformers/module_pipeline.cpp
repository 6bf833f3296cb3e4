#include "tasks/sentence_transformers/module_pipeline.h"

#include "core/fail.h"
#include "tasks/model_impl.h"

namespace modernbert {
namespace {

// Null for modules that do nothing at inference.
std::unique_ptr<Module> make_module(const ModuleContext& context, FeatureWidths& widths) {
  const std::string& type = context.entry.type;
  const bool pools = type == "Pooling";
  if (type == "Transformer" || type == "Dropout" || (pools && context.token_level)) return nullptr;
  // What it drops from scoring is LateInteraction's business.
  if (type == "MultiVectorMask" && context.token_level) return nullptr;
  if (pools) return make_pooling(context, widths);
  if (type == "Dense") return make_dense(context, widths);
  if (type == "LayerNorm") return make_layer_norm(context, widths);
  if (type == "Normalize") return make_normalize(context, widths);
  fail(ErrorCode::kUnsupported,
       "{}: module \"{}\", want Transformer, Pooling, Dense, LayerNorm, Normalize or Dropout",
       (context.entry.folder.parent_path() / "modules.json").string(), context.entry.dotted_type);
}

}  // namespace

ModulePipeline ModulePipeline::load(const std::filesystem::path& folder, const LoadedEncoder& encoder,
                                    ModuleLevel level) {
  ModulePipeline pipeline;
  pipeline.source_ = (folder / "modules.json").string();
  std::vector<ModuleEntry> entries = read_modules(folder);
  if (entries.empty()) {
    entries = {{"Transformer", "", folder}, {"Pooling", "", folder / "1_Pooling"}};
  }
  if (entries.front().type != "Transformer") {
    fail(ErrorCode::kUnsupported, "{}: the first module is \"{}\", want a Transformer", pipeline.source_,
         entries.front().dotted_type);
  }
  pipeline.widths_[kTokenEmbeddings] = encoder.config().hidden_size;
  for (const ModuleEntry& entry : entries) {
    const ModuleContext context{entry, encoder, level == ModuleLevel::kTokens};
    if (auto module = make_module(context, pipeline.widths_)) pipeline.modules_.push_back(std::move(module));
  }
  pipeline.ends_normalized_ = entries.back().type == "Normalize";
  return pipeline;
}

Matrix ModulePipeline::run(Matrix tokens, std::span<const int32_t> cu_seqlens,
                           std::span<const int32_t> prompt_rows, const std::string& output) const {
  width(output);
  Features features{cu_seqlens, prompt_rows, {}};
  features.values[kTokenEmbeddings] = std::move(tokens);
  for (const auto& module : modules_) module->apply(features);
  return std::move(features.values.at(output));
}

int64_t ModulePipeline::width(const std::string& feature) const {
  const auto it = widths_.find(feature);
  if (it == widths_.end()) {
    fail(ErrorCode::kUnsupported, "{}: its modules make no {}", source_, feature);
  }
  return it->second;
}

Tokenizer sentence_tokenizer(const Model& model) {
  const bool lower_case = read_transformer_settings(model.impl().encoder_folder).do_lower_case;
  return lower_case ? model.tokenizer().with_lowercase() : model.tokenizer();
}

}  // namespace modernbert
