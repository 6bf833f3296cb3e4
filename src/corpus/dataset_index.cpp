#include "corpus/dataset_index.h"

#include "core/fail.h"

namespace modernbert {
namespace {

constexpr const char* kFormatName = "modernbert-tokens";
constexpr int kIndexVersion = 1;
constexpr int64_t kMaxCount = int64_t{1} << 48;

void sum(const std::vector<ShardFile>& shards, uint64_t ShardFile::*field, uint64_t& total) {
  for (const ShardFile& shard : shards) total += shard.*field;
}

// Names in the file become paths below its folder, so they may not lead anywhere else.
std::string plain_name(const JsonObject& object) {
  const std::string name = object.string("name", "");
  if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos ||
      name.find('\0') != std::string::npos) {
    object.reject("name", "the name of a file in this folder");
  }
  return name;
}

std::vector<ShardFile> read_shards(const JsonObject& object, const std::string& field) {
  std::vector<ShardFile> shards;
  for (const Json& value : object.require_list(field)) {
    const JsonObject entry(value, fmt::format("{}: {}[{}]", object.source(), field, shards.size()));
    shards.push_back({plain_name(entry), entry.require_count("documents", kMaxCount),
                      entry.require_count("tokens", kMaxCount),
                      static_cast<uint32_t>(entry.require_count("crc32", UINT32_MAX))});
  }
  return shards;
}

Json to_json(const std::vector<ShardFile>& shards) {
  Json list = Json::array();
  for (const ShardFile& shard : shards) {
    list.push_back({{"name", shard.name},
                    {"documents", shard.documents},
                    {"tokens", shard.tokens},
                    {"crc32", shard.checksum}});
  }
  return list;
}

std::string short_digest(const std::string& digest) {
  return digest.substr(0, 12);
}

std::string source_difference(const SourceFile& now, const SourceFile& then) {
  if (now.name != then.name) return fmt::format("file {} is in the place of {}", now.name, then.name);
  if (now.bytes != then.bytes)
    return fmt::format("{} has {} bytes, then {}", now.name, now.bytes, then.bytes);
  if (now.sha256 == then.sha256) return "";
  return fmt::format("the contents of {} differ (SHA-256 {}…, then {}…)", now.name, short_digest(now.sha256),
                     short_digest(then.sha256));
}

}  // namespace

uint64_t DatasetIndex::documents() const {
  uint64_t total = 0;
  sum(train, &ShardFile::documents, total);
  sum(held_out, &ShardFile::documents, total);
  return total;
}

uint64_t DatasetIndex::tokens() const {
  uint64_t total = 0;
  sum(train, &ShardFile::tokens, total);
  sum(held_out, &ShardFile::tokens, total);
  return total;
}

std::string difference(const DatasetRecipe& now, const DatasetRecipe& then) {
  if (now.tokenizer_sha256 != then.tokenizer_sha256) {
    return fmt::format("the tokenizer differs (SHA-256 {}…, then {}…)", short_digest(now.tokenizer_sha256),
                       short_digest(then.tokenizer_sha256));
  }
  if (now.format != then.format) return fmt::format("the format is {}, then {}", now.format, then.format);
  if (now.field != then.field) return fmt::format("the field is \"{}\", then \"{}\"", now.field, then.field);
  if (now.held_out_share != then.held_out_share) {
    return fmt::format("the held-out share is {}, then {}", now.held_out_share, then.held_out_share);
  }
  if (now.shard_bytes != then.shard_bytes) {
    return fmt::format("the size of a shard is {} bytes, then {}", now.shard_bytes, then.shard_bytes);
  }
  for (size_t i = 0; i < std::min(now.sources.size(), then.sources.size()); ++i) {
    const std::string found = source_difference(now.sources[i], then.sources[i]);
    if (!found.empty()) return found;
  }
  if (now.sources.size() == then.sources.size()) return "";
  return fmt::format("{} files, then {}", now.sources.size(), then.sources.size());
}

Json to_json(const DatasetRecipe& recipe) {
  Json sources = Json::array();
  for (const SourceFile& source : recipe.sources) {
    sources.push_back({{"name", source.name}, {"bytes", source.bytes}, {"sha256", source.sha256}});
  }
  return {{"tokenizer_sha256", recipe.tokenizer_sha256},
          {"vocab_size", recipe.vocab_size},
          {"format", recipe.format},
          {"field", recipe.field},
          {"held_out_share", recipe.held_out_share},
          {"shard_bytes", recipe.shard_bytes},
          {"sources", std::move(sources)}};
}

std::string to_text(const DatasetIndex& index) {
  const Json file = {{"format", kFormatName},
                     {"version", kIndexVersion},
                     {"made_from", to_json(index.recipe)},
                     {"train", to_json(index.train)},
                     {"held_out", to_json(index.held_out)},
                     {"documents", index.documents()},
                     {"tokens", index.tokens()}};
  return file.dump(2) + "\n";
}

DatasetRecipe read_recipe(const Json& value, const std::string& source) {
  const JsonObject object(value, source);
  DatasetRecipe recipe;
  recipe.tokenizer_sha256 = object.string("tokenizer_sha256", "");
  recipe.vocab_size = static_cast<int32_t>(object.require_count("vocab_size", INT32_MAX));
  recipe.format = object.string("format", "");
  recipe.field = object.string("field", "");
  recipe.held_out_share = object.number("held_out_share", 0);
  recipe.shard_bytes = object.require_count("shard_bytes", kMaxCount);
  for (const Json& entry : object.require_list("sources")) {
    const JsonObject fields(entry, fmt::format("{}: sources[{}]", source, recipe.sources.size()));
    recipe.sources.push_back(
        {fields.string("name", ""), fields.require_count("bytes", kMaxCount), fields.string("sha256", "")});
  }
  return recipe;
}

DatasetIndex read_index(const Json& value, const std::string& source) {
  const JsonObject object(value, source);
  if (object.string("format", "") != kFormatName) object.reject("format", fmt::format("\"{}\"", kFormatName));
  const int64_t version = object.integer("version", 0, 0, INT32_MAX);
  if (version != kIndexVersion) {
    fail(ErrorCode::kUnsupported, "{}: version {} of the format, want {}", source, version, kIndexVersion);
  }
  const JsonObject recipe = object.require_object("made_from");
  return {read_recipe(recipe.json(), source + ": made_from"), read_shards(object, "train"),
          read_shards(object, "held_out")};
}

}  // namespace modernbert
