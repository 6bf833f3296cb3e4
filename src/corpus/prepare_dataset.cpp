#include "corpus/prepare_dataset.h"

#include "core/default_threads.h"
#include "core/fail.h"
#include "core/file.h"
#include "core/parallel_for.h"
#include "corpus/corpus_reader.h"
#include "corpus/sha256.h"
#include "corpus/shard.h"
#include "modernbert/tokenizer.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBlockBytes = size_t{4} << 20;
constexpr const char* kIndexName = "index.json";
constexpr const char* kBegunName = "begun.json";  // the recipe, while index.json is not there yet

fs::path tokenizer_file(const fs::path& tokenizer) {
  if (!fs::is_directory(tokenizer)) return tokenizer;
  return tokenizer / (fs::exists(tokenizer / "tokenizer.json") ? "tokenizer.json" : "vocab.txt");
}

SourceFile describe(const fs::path& file) {
  std::error_code error;
  const auto bytes = fs::file_size(file, error);
  if (error) fail(ErrorCode::kNotFound, "{}: {}", file.string(), error.message());
  if (bytes == 0) fail(ErrorCode::kInvalidFile, "{}: the file is empty, want text", file.string());
  return {file.filename().string(), bytes, sha256_of_file(file)};
}

bool is_held_out(std::string_view text, double share) {
  return static_cast<double>(sha256_prefix(text) >> 11) * 0x1p-53 < share;
}

// One run of prepare_dataset.
class Preparation {
 public:
  Preparation(const std::vector<fs::path>& files, const fs::path& tokenizer, fs::path folder,
              const PrepareOptions& options)
      : files_(files),
        tokenizer_file_(tokenizer_file(tokenizer)),
        folder_(std::move(folder)),
        options_(options),
        threads_(choose_threads(options.threads)),
        tokenizer_(Tokenizer::load(tokenizer)) {}

  DatasetIndex run() {
    index_.recipe = make_recipe();
    if (const auto complete = read_json_file_if_exists(folder_ / kIndexName)) {
      DatasetIndex index = read_index(*complete, (folder_ / kIndexName).string());
      refuse_difference(index.recipe);
      return index;
    }
    begin();
    make_shards();
    if (index_.tokens() == 0) fail(ErrorCode::kInvalidFile, "the files hold no text");
    write_file_atomically(folder_ / kIndexName, to_text(index_));
    std::error_code left_behind;  // harmless
    fs::remove(folder_ / kBegunName, left_behind);
    return index_;
  }

 private:
  DatasetRecipe make_recipe() const {
    DatasetRecipe recipe;
    recipe.tokenizer_sha256 = sha256_of_file(tokenizer_file_);
    recipe.vocab_size = tokenizer_.vocab_size();
    recipe.format = to_string(options_.documents.format);
    recipe.field = options_.documents.field;
    recipe.held_out_share = options_.held_out_share;
    recipe.shard_bytes = options_.shard_bytes;
    recipe.sources.resize(files_.size());
    parallel_for(files_.size(), threads_, [&](size_t i) { recipe.sources[i] = describe(files_[i]); });
    return recipe;
  }

  void refuse_difference(const DatasetRecipe& then) const {
    const std::string found = difference(index_.recipe, then);
    if (found.empty()) return;
    fail(ErrorCode::kInvalidArgument, "{} was made from something else: {}; use another folder",
         folder_.string(), found);
  }

  void begin() {
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) fail(ErrorCode::kIo, "{}: cannot make the folder: {}", folder_.string(), error.message());
    const fs::path begun = folder_ / kBegunName;
    if (const auto earlier = read_json_file_if_exists(begun)) {
      refuse_difference(read_recipe(*earlier, begun.string()));
      remove_unfinished_files();
    } else {
      if (!fs::is_empty(folder_)) {
        fail(ErrorCode::kInvalidArgument, "{}: holds other files; use an empty or a new folder",
             folder_.string());
      }
      write_file_atomically(begun, to_json(index_.recipe).dump(2) + "\n");
    }
    copy_tokenizer();
  }

  // What a killed run was writing: the temporary names of write_file_atomically.
  void remove_unfinished_files() const {
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const std::string name = entry.path().filename().string();
      if (name.find(".tokens.tmp") == std::string::npos && name.find(".json.tmp") == std::string::npos)
        continue;
      std::error_code left_behind;  // harmless
      fs::remove(entry.path(), left_behind);
    }
  }

  // So that training needs the data set alone.
  void copy_tokenizer() const {
    const bool is_list = tokenizer_file_.extension() == ".txt";
    write_file_atomically(folder_ / (is_list ? "vocab.txt" : "tokenizer.json"), read_file(tokenizer_file_));
    for (const char* name : {"tokenizer_config.json", "special_tokens_map.json"}) {
      const fs::path from = tokenizer_file_.parent_path() / name;
      if (fs::exists(from)) write_file_atomically(folder_ / name, read_file(from));
    }
  }

  // A shard takes documents until they have shard_bytes bytes of text, so where shards begin depends on the
  // files alone and a finished one can be skipped without looking at its tokens.
  void make_shards() {
    CorpusReader reader(files_, options_.documents);
    ShardContent train, held_out;
    std::vector<CorpusRecord> block;
    bool at_end = false;
    while (!at_end) {
      const bool done = find_finished_shard();
      uint64_t bytes = 0;
      while (bytes < options_.shard_bytes) {
        at_end = !reader.next_block(std::min<uint64_t>(kBlockBytes, options_.shard_bytes - bytes), block);
        if (at_end) break;
        for (const CorpusRecord& record : block) bytes += record.record.bytes.size();
        if (!done) tokenize(reader, block, train, held_out);
        report(reader, done, train.documents() + held_out.documents(),
               train.tokens.size() + held_out.tokens.size());
      }
      if (bytes == 0) break;
      if (!done) write(train, held_out);
      train = held_out = {};
    }
  }

  void tokenize(const CorpusReader& reader, std::span<const CorpusRecord> block, ShardContent& train,
                ShardContent& held_out) const {
    const std::vector<std::string> texts = reader.texts(block, threads_);
    std::vector<std::vector<int32_t>> ids(texts.size());
    std::vector<uint8_t> is_out(texts.size());
    parallel_for(texts.size(), threads_, [&](size_t i) {
      EncodeOptions encode;
      encode.add_special_tokens = false;
      ids[i] = tokenizer_.encode(texts[i], encode).ids;
      is_out[i] = is_held_out(texts[i], options_.held_out_share);
    });
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!ids[i].empty()) (is_out[i] ? held_out : train).add(ids[i]);
    }
  }

  fs::path shard_path(const char* part, size_t number) const {
    return folder_ / fmt::format("{}-{:05}.tokens", part, number);
  }

  // The next shard of both parts, where an earlier run has written them.
  bool find_finished_shard() {
    const size_t number = index_.train.size();
    const fs::path train = shard_path("train", number), held_out = shard_path("heldout", number);
    if (!fs::exists(train) || !fs::exists(held_out)) return false;
    for (const fs::path& path : {train, held_out}) {
      const Shard shard = Shard::open(path);
      shard.check(index_.recipe.vocab_size);
      auto& list = path == train ? index_.train : index_.held_out;
      list.push_back({path.filename().string(), shard.documents(), shard.tokens(), shard.checksum()});
    }
    return true;
  }

  void write(const ShardContent& train, const ShardContent& held_out) {
    const size_t number = index_.train.size();
    const auto write_part = [&](const char* part, const ShardContent& content, std::vector<ShardFile>& list) {
      const fs::path path = shard_path(part, number);
      const uint32_t checksum = write_shard(path, content, index_.recipe.vocab_size);
      list.push_back({path.filename().string(), content.documents(), content.tokens.size(), checksum});
    };
    write_part("train", train, index_.train);
    write_part("heldout", held_out, index_.held_out);
  }

  void report(const CorpusReader& reader, bool skipped, uint64_t documents, uint64_t tokens) {
    progress_.bytes = reader.file_bytes_read();
    if (skipped) progress_.bytes_skipped = progress_.bytes;
    progress_.documents = index_.documents() + documents;
    progress_.tokens = index_.tokens() + tokens;
    if (options_.progress) options_.progress(progress_);
  }

  const std::vector<fs::path>& files_;
  fs::path tokenizer_file_;
  fs::path folder_;
  const PrepareOptions& options_;
  int threads_;
  Tokenizer tokenizer_;
  DatasetIndex index_;
  PrepareProgress progress_;
};

}  // namespace

DatasetIndex prepare_dataset(const std::vector<fs::path>& files, const fs::path& tokenizer,
                             const fs::path& folder, const PrepareOptions& options) {
  if (files.empty()) fail(ErrorCode::kInvalidArgument, "no files to tokenize");
  if (options.held_out_share < 0 || options.held_out_share >= 1) {
    fail(ErrorCode::kInvalidArgument, "the held-out share is {}, want 0 or more and below 1",
         options.held_out_share);
  }
  if (options.shard_bytes == 0) fail(ErrorCode::kInvalidArgument, "shards of 0 bytes, want at least 1");
  return Preparation(files, tokenizer, folder, options).run();
}

}  // namespace modernbert
