// A recipe: everything that decides what a pretraining run does. One YAML file, one run; docs/training.md
// explains the fields, configs/ has examples.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "corpus/training_data.h"
#include "modernbert/config.h"
#include "modernbert/dtype.h"
#include "training/distributed/communicator.h"
#include "training/initialization.h"
#include "training/optimizer/batch_warmup.h"
#include "training/optimizer/optimizer_config.h"
#include "training/optimizer/schedule.h"
#include "training/recipe/recipe_tree.h"

namespace modernbert {

// Where the encoder's shape and first weights come from.
struct ModelRecipe {
  std::string from;       // a checkpoint folder or model id whose weights the run goes on with; empty = none
  std::string tile_from;  // a smaller checkpoint that is tiled to this shape; empty = none
  // Config fields as the recipe writes them, without those that the tokenizer decides: under Hugging Face's
  // names, or those of a FlexBERT model_config.
  RecipeNode fields;
  bool is_flexbert = false;
  Initialization init;
  double embedding_dropout = 0;
  double attention_dropout = 0;      // of attention's probabilities
  double attention_out_dropout = 0;  // of attention's output (FlexBERT's attn_out_dropout)
  double mlp_dropout = 0;
};

struct DataSource {
  std::string path;   // a folder that `modernbert tokenize-corpus` has made
  double weight = 0;  // share of the tokens, on any scale; 0 for all sources = as many as each has
};

struct DataRecipe {
  std::vector<DataSource> sources;  // their held-out parts serve evaluation
  int64_t sequence_length = 1024;   // tokens of a packed row; longer documents are cut into several
  double mask_probability = 0.3;
  double mask_share = 0.8;    // of the predicted tokens: become [MASK]
  double random_share = 0.1;  // become a random token; the rest keep their own
  bool whole_words = false;   // the tokens of a word are predicted together
  RowPacking packing = RowPacking::kGreedy;
};

// Sizes in rows of sequence_length tokens.
struct BatchRecipe {
  int64_t sequences = 32;   // of one optimiser step
  int64_t micro_batch = 8;  // computed at a time: decides the memory, never the result
  int64_t warmup_from = 0;  // first size of the batch-size warmup; 0 = none
  int64_t warmup_tokens = 0;

  BatchWarmup warmup() const;  // in micro-batches
};

struct LossRecipe {
  double label_smoothing = 0;
  double z_loss = 0;  // factor of the mean of logsumexp^2
  double logit_scale = 1;
};

struct EvaluationRecipe {
  int64_t every = 0;     // steps; 0 = only at the end
  int64_t batches = 20;  // micro-batches of held-out text
  double mask_probability = 0.15;
  uint64_t seed = 17;                  // which text and which masks; the recipe's unless it says otherwise
  std::vector<std::string> sentences;  // with [MASK]; the report shows how their predictions change
};

struct CheckpointRecipe {
  int64_t every = 500;  // steps
  int64_t keep = 3;
};

struct ComputeRecipe {
  ComputeType dtype = ComputeType::kAuto;
  int threads = 0;         // 0 = all cores
  bool recompute = false;  // compute activations again in the backward pass instead of keeping them
  double memory_gib = 0;   // what the run may use; 0 = what the machine has
};

// Of a run of several processes.
struct DistributedRecipe {
  double bucket_mib = 25;  // gradients that are summed at a time
  WireType wire = WireType::kFp32;
  double timeout_s = 30;          // a process that has not been heard of for so long is lost
  double stall_timeout_s = 1800;  // so long may processes that live wait for one another
};

struct Recipe {
  std::string name;
  uint64_t seed = 17;
  std::string tokenizer;  // a folder with tokenizer.json; empty = that of the first data source
  ModelRecipe model;
  DataRecipe data;
  BatchRecipe batch;
  OptimizerConfig optimizer;
  double clip_norm = 0;  // global gradient norm; 0 = no clipping
  Schedule schedule;     // in tokens; schedule.total is the length of the run
  LossRecipe loss;
  EvaluationRecipe evaluation;
  CheckpointRecipe checkpoint;
  ComputeRecipe compute;
  DistributedRecipe distributed;
  int64_t max_skipped_steps = 10;  // so many steps in a row without finite gradients stop the run

  RecipeNode tree;  // as written, overrides applied
};

// Errors (kInvalidFile) name file, line and field: unknown fields, wrong types and ranges, contradictions.
Recipe parse_recipe_tree(RecipeNode tree);

// The encoder that the recipe describes.   base: the config of model.from, if any.   The tokenizer decides
// vocab_size unless the recipe gives a larger one, and the ids of special tokens.
struct TokenizerFacts {
  int32_t vocab_size = 0;  // largest id + 1
  int32_t pad = -1, cls = -1, sep = -1;
};
EncoderConfig resolve_encoder(const Recipe& recipe, const std::optional<EncoderConfig>& base,
                              const TokenizerFacts& tokenizer);

}  // namespace modernbert
