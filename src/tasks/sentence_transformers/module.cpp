#include "tasks/sentence_transformers/module.h"

#include "core/fail.h"

namespace modernbert {

ModuleConfig::ModuleConfig(const ModuleEntry& entry)
    : json_(read_json_file_if_exists(entry.folder / "config.json").value_or(Json::object())),
      fields_(json_, (entry.folder / "config.json").string()) {}

int64_t require_width(const ModuleContext& context, const FeatureWidths& widths, const std::string& feature) {
  const auto it = widths.find(feature);
  if (it == widths.end()) {
    fail(ErrorCode::kInvalidFile, "{}: {} reads {}, which no module before it makes",
         context.entry.folder.string(), context.entry.type, feature);
  }
  return it->second;
}

std::string feature_name(const ModuleContext& context, const JsonObject& config, const std::string& field,
                         const std::string& default_name) {
  const std::string name = config.string(field, default_name);
  return context.token_level && name == kSentenceEmbedding ? kTokenEmbeddings : name;
}

}  // namespace modernbert
