// index.json of a data set: what its shards hold and what they were made from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"

namespace modernbert {

struct SourceFile {
  std::string name;  // without its folder
  uint64_t bytes = 0;
  std::string sha256;
};

struct ShardFile {
  std::string name;
  uint64_t documents = 0;
  uint64_t tokens = 0;
  uint32_t checksum = 0;
};

// Everything that decides what the shards are. Two runs with equal recipes make equal shards.
struct DatasetRecipe {
  std::string tokenizer_sha256;  // of tokenizer.json
  int32_t vocab_size = 0;
  std::string format;  // as TextFormat's names
  std::string field;
  double held_out_share = 0;
  uint64_t shard_bytes = 0;
  std::vector<SourceFile> sources;
};

struct DatasetIndex {
  DatasetRecipe recipe;
  std::vector<ShardFile> train;
  std::vector<ShardFile> held_out;

  uint64_t documents() const;  // of both parts
  uint64_t tokens() const;
};

// The first difference in words ("books.jsonl has 12 bytes, then 10"), empty where there is none.
std::string difference(const DatasetRecipe& now, const DatasetRecipe& then);

Json to_json(const DatasetRecipe& recipe);
std::string to_text(const DatasetIndex& index);
// source: what error messages call the file. Errors (kInvalidFile, kUnsupported) name the field.
DatasetRecipe read_recipe(const Json& value, const std::string& source);
DatasetIndex read_index(const Json& value, const std::string& source);

}  // namespace modernbert
