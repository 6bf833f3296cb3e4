#include "modernbert/tokenizer.h"

#include <algorithm>

#include "core/default_threads.h"
#include "core/fail.h"
#include "core/file.h"
#include "core/parallel_for.h"
#include "tokenizer/pipeline.h"
#include "tokenizer/reading/tokenizer_files.h"

namespace modernbert {

struct Tokenizer::Impl {
  Pipeline pipeline;
  TokenizerConfig config;

  std::optional<int32_t> role(const std::string& name, std::initializer_list<std::string_view> usual) const;
  std::optional<int32_t> find(std::string_view token) const;
};

std::optional<int32_t> Tokenizer::Impl::find(std::string_view token) const {
  if (const AddedToken* added = pipeline.added->find(token)) return added->id;
  return pipeline.model->vocabulary().find(token);
}

std::optional<int32_t> Tokenizer::Impl::role(const std::string& name,
                                             std::initializer_list<std::string_view> usual) const {
  if (const auto it = config.roles.find(name); it != config.roles.end()) return find(it->second.content);
  for (const std::string_view token : usual) {
    if (const auto id = find(token)) return id;
  }
  return std::nullopt;
}

namespace {

// The file that holds the tokenizer: the path itself, or the folder's tokenizer.json, else its vocab.txt.
std::filesystem::path find_tokenizer_file(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  if (fs::is_regular_file(path)) return path;
  for (const char* name : {"tokenizer.json", "vocab.txt"}) {
    if (fs::is_regular_file(path / name)) return path / name;
  }
  if (!fs::exists(path)) fail(ErrorCode::kNotFound, "{}: no such file or folder", path.string());
  fail(ErrorCode::kNotFound, "{}: holds no tokenizer.json and no vocab.txt", path.string());
}

// Runs work(i) for each text; an error says which text it is of.
template <class Work>
void for_each_text(size_t count, int threads, const Work& work) {
  parallel_for(count, threads, [&](size_t i) {
    try {
      work(i);
    } catch (const Error& e) {
      fail(e.code(), "text {}: {}", i, e.what());
    }
  });
}

}  // namespace

Tokenizer::Tokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Tokenizer Tokenizer::load(const std::filesystem::path& folder_or_file) {
  const std::filesystem::path file = find_tokenizer_file(folder_or_file);
  auto impl = std::make_shared<Impl>();
  impl->config = read_tokenizer_config(file.parent_path());
  const auto read = file.extension() == ".txt" ? read_vocab_txt : read_tokenizer_json;
  impl->pipeline = read(read_file(file), file.string(), impl->config);
  return Tokenizer(std::move(impl));
}

Tokenizer Tokenizer::from_json(std::string_view json, const std::string& source) {
  auto impl = std::make_shared<Impl>();
  impl->pipeline = read_tokenizer_json(json, source, impl->config);
  return Tokenizer(std::move(impl));
}

Encoding Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  const Pipeline& pipeline = impl_->pipeline;
  const TokenizedText tokens = tokenize_text(pipeline, text, needs_tokens(pipeline, options));
  return finish_encoding(pipeline, tokens, nullptr, options);
}

Encoding Tokenizer::encode_pair(std::string_view first, std::string_view second,
                                const EncodeOptions& options) const {
  const Pipeline& pipeline = impl_->pipeline;
  const bool keep_tokens = needs_tokens(pipeline, options);
  const TokenizedText a = tokenize_text(pipeline, first, keep_tokens);
  const TokenizedText b = tokenize_text(pipeline, second, keep_tokens);
  return finish_encoding(pipeline, a, &b, options);
}

Encoding Tokenizer::encode_words(std::span<const std::string> words, const EncodeOptions& options) const {
  const Pipeline& pipeline = impl_->pipeline;
  const TokenizedText tokens = tokenize_words(pipeline, words, needs_tokens(pipeline, options));
  return finish_encoding(pipeline, tokens, nullptr, options);
}

std::vector<Encoding> Tokenizer::encode_batch(std::span<const std::string> texts,
                                              const EncodeOptions& options, int threads) const {
  if (threads < 0) fail(ErrorCode::kInvalidArgument, "threads is {}, want 0 (all cores) or more", threads);
  std::vector<Encoding> encodings(texts.size());
  for_each_text(texts.size(), choose_threads(threads),
                [&](size_t i) { encodings[i] = encode(texts[i], options); });
  return encodings;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special_tokens) const {
  const Pipeline& pipeline = impl_->pipeline;
  std::vector<std::string> tokens;
  for (const int32_t id : ids) {
    if (const AddedToken* added = pipeline.added->find(id)) {
      if (!skip_special_tokens || !added->special)
        tokens.emplace_back(pipeline.added->decoded_content(*added));
    } else if (pipeline.model->vocabulary().has(id)) {
      tokens.emplace_back(pipeline.model->vocabulary().text(id));
    } else {
      fail(ErrorCode::kInvalidArgument, "id {} is not in the vocabulary of {} ids", id, vocab_size());
    }
  }
  if (pipeline.decoder) {
    pipeline.decoder->apply(tokens);
    return fmt::format("{}", fmt::join(tokens, ""));
  }
  return fmt::format("{}", fmt::join(tokens, " "));
}

std::optional<int32_t> Tokenizer::token_to_id(std::string_view token) const {
  return impl_->find(token);
}

std::string Tokenizer::id_to_token(int32_t id) const {
  if (const AddedToken* added = impl_->pipeline.added->find(id)) return added->content;
  return std::string(impl_->pipeline.model->vocabulary().text(id));
}

int32_t Tokenizer::vocab_size() const {
  int32_t size = impl_->pipeline.model->vocabulary().end_id();
  for (const AddedToken& token : impl_->pipeline.added->tokens()) size = std::max(size, token.id + 1);
  return size;
}

bool Tokenizer::is_special(int32_t id) const {
  const AddedToken* added = impl_->pipeline.added->find(id);
  return added != nullptr && added->special;
}

std::optional<int32_t> Tokenizer::mask_id() const {
  return impl_->role("mask_token", {"[MASK]", "<mask>"});
}
std::optional<int32_t> Tokenizer::cls_id() const {
  return impl_->role("cls_token", {"[CLS]", "<s>"});
}
std::optional<int32_t> Tokenizer::sep_id() const {
  return impl_->role("sep_token", {"[SEP]", "</s>"});
}
std::optional<int32_t> Tokenizer::pad_id() const {
  return impl_->role("pad_token", {"[PAD]", "<pad>"});
}
std::optional<int32_t> Tokenizer::unk_id() const {
  const auto id = impl_->role("unk_token", {"[UNK]", "<unk>"});
  return id ? id : impl_->pipeline.model->unknown_id();
}

std::optional<int32_t> Tokenizer::model_max_length() const {
  return impl_->config.model_max_length;
}

int Tokenizer::special_token_count(bool pair) const {
  const PostProcessor& rules = impl_->pipeline.post_processor;
  return static_cast<int>(modernbert::special_token_count(pair ? rules.pair : rules.single));
}

std::string_view Tokenizer::continuing_subword_prefix() const {
  return impl_->pipeline.model->continuing_prefix();
}

bool Tokenizer::tokens_hold_spaces() const {
  return impl_->pipeline.byte_level;
}

Tokenizer Tokenizer::with_lowercase() const {
  auto impl = std::make_shared<Impl>(*impl_);
  Pipeline& pipeline = impl->pipeline;
  std::vector<NormalizerPtr> steps = {make_lowercase()};
  if (pipeline.normalizer) steps.push_back(pipeline.normalizer);
  pipeline.normalizer = make_normalizer_sequence(std::move(steps));
  // Tokens that are matched after normalisation must be normalised the same way.
  pipeline.added = std::make_shared<AddedVocabulary>(pipeline.added->tokens(), pipeline.normalizer.get());
  return Tokenizer(std::move(impl));
}

}  // namespace modernbert
