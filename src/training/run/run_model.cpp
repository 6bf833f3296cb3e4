#include "training/run/run_model.h"

#include <optional>
#include <utility>

#include "core/fail.h"
#include "core/file.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

TokenizerFacts facts_of(const Tokenizer& tokenizer, const std::string& source) {
  if (!tokenizer.mask_id())
    fail(ErrorCode::kInvalidFile, "{}: has no [MASK] token, which pretraining needs", source);
  return {tokenizer.vocab_size(), tokenizer.pad_id().value_or(-1), tokenizer.cls_id().value_or(-1),
          tokenizer.sep_id().value_or(-1)};
}

}  // namespace

EncoderConfig read_encoder_config(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  return parse_config(read_file(path), path.string());
}

RunModel resolve_run_model(const Recipe& recipe, const FindModel& find_model) {
  const fs::path from = recipe.model.from.empty() ? fs::path() : find_model(recipe.model.from);
  const fs::path folder = recipe.tokenizer.empty() ? recipe.data.sources.front().path : recipe.tokenizer;
  Tokenizer tokenizer = Tokenizer::load(folder);
  const auto base = from.empty() ? std::nullopt : std::optional(read_encoder_config(from));
  EncoderConfig encoder = resolve_encoder(recipe, base, facts_of(tokenizer, folder.string()));
  return {from, folder, std::move(tokenizer), std::move(encoder)};
}

}  // namespace modernbert
