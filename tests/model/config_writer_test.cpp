#include "model/config_writer.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "error_text.h"
#include "shared_files.h"

namespace modernbert::testing {
namespace {

// Equal fields, by the text that a second writing gives; the reader is tested elsewhere.
TEST(ConfigWriter, ReadsBackTheSame) {
  for (const char* path : {"models/nano/config.json", "tests/data/cases/bert_base/config.json"}) {
    const EncoderConfig config = parse_config(read_file(source_dir() / path), path);
    const std::string text = config_json(config, "ForMaskedLM").dump();
    const EncoderConfig again = parse_config(text, "written");
    EXPECT_EQ(config_json(again, "ForMaskedLM").dump(), text);
    EXPECT_EQ(again.layers.size(), config.layers.size());
    for (size_t i = 0; i < config.layers.size(); ++i) {
      EXPECT_EQ(again.layers[i].window, config.layers[i].window);
      EXPECT_EQ(again.layers[i].rope_theta, config.layers[i].rope_theta);
    }
    EXPECT_EQ(again.vocab_size, config.vocab_size);
    EXPECT_EQ(again.sep_token_id, config.sep_token_id);
  }
}

TEST(ConfigWriter, IrregularLayersHaveTypesOnly) {
  EncoderConfig config = parse_config(R"({"model_type": "modernbert", "num_hidden_layers": 4, "layer_types":
      ["full_attention", "sliding_attention", "full_attention", "full_attention"]})",
                                      "x");
  const OrderedJson json = config_json(config, "Model");
  EXPECT_FALSE(json.contains("global_attn_every_n_layers"));
  EXPECT_EQ(parse_config(json.dump(), "written").layers[2].window, -1);
  config.layers[3].rope_theta = 5;
  EXPECT_EQ(thrown_by([&] { config_json(config, "Model"); }).code, ErrorCode::kUnsupported);
}

TEST(ConfigWriter, ExtraKeysAreAddedOrReplace) {
  const EncoderConfig config = parse_config(R"({"model_type": "modernbert"})", "x");
  const OrderedJson json = config_json(config, "Model", {{"mlp_dropout", 0.5}, {"dtype", "bfloat16"}});
  EXPECT_EQ(json["mlp_dropout"], 0.5);
  EXPECT_EQ(json["dtype"], "bfloat16");
}

}  // namespace
}  // namespace modernbert::testing
