#include "modernbert/embed.h"

#include <algorithm>

#include "core/fail.h"
#include "tasks/multi_vector_config.h"
#include "tasks/prepared_texts.h"
#include "tasks/scores.h"
#include "tasks/sentence_transformers/module_pipeline.h"
#include "tasks/window_logits.h"

namespace modernbert {
namespace {

Similarity parse_similarity(const SentenceTransformerConfig& config) {
  if (config.similarity == "cosine") return Similarity::kCosine;
  if (config.similarity == "dot") return Similarity::kDot;
  if (config.similarity == "euclidean") return Similarity::kEuclidean;
  if (config.similarity == "manhattan") return Similarity::kManhattan;
  fail(ErrorCode::kUnsupported, "{}: similarity_fn_name is \"{}\", want cosine, dot, euclidean or manhattan",
       config.source, config.similarity);
}

}  // namespace

struct Embed::Impl {
  Model model;
  Tokenizer tokenizer;  // the model's, lower-casing where the folder asks for it
  SentenceTransformerConfig config;
  ModulePipeline pipeline;
  Similarity similarity;

  explicit Impl(Model m)
      : model(std::move(m)),
        tokenizer(sentence_tokenizer(model)),
        config(read_sentence_transformer_config(model.folder())),
        pipeline(ModulePipeline::load(model.folder(), *model.impl().encoder, ModuleLevel::kSentence)),
        similarity(parse_similarity(config)) {
    refuse_stanford_colbert(model);
    pipeline.width(kSentenceEmbedding);  // refuses folders that make none
  }

  // Tokens of the prompt that pooling may leave out: counted on the prompt alone, without its closing special
  // token.
  int32_t prompt_tokens(const std::string& prompt, int32_t max_length) const;
  // [windows, dim] of every text.
  std::vector<Matrix> embed_windows(std::span<const TextWindows> texts, int32_t prompt_rows) const;
  // One vector of every text, pooled over the token vectors of all its windows.
  std::vector<Matrix> embed_late(std::span<const TextWindows> texts, int32_t prompt_rows) const;
};

int32_t Embed::Impl::prompt_tokens(const std::string& prompt, int32_t max_length) const {
  if (prompt.empty()) return 0;
  const Encoding encoding = tokenizer.encode(prompt, {.max_length = max_length});
  const auto tokens = static_cast<int32_t>(encoding.ids.size());
  return tokens > 0 && tokenizer.is_special(encoding.ids.back()) ? tokens - 1 : tokens;
}

std::vector<Matrix> Embed::Impl::embed_windows(std::span<const TextWindows> texts,
                                               int32_t prompt_rows) const {
  std::vector<int32_t> skip;  // of every window: the prompt stands in a text's first one
  for (const TextWindows& text : texts) {
    skip.push_back(prompt_rows);
    skip.resize(skip.size() + text.windows.size() - 1, 0);
  }
  size_t window = 0;
  return window_logits(model.impl(), texts, [&](const TokenBatch& batch, Matrix hidden) {
    const auto rows = std::span(skip).subspan(window, batch.sequences());
    window += batch.sequences();
    return pipeline.run(std::move(hidden), batch.cu_seqlens, rows, kSentenceEmbedding);
  });
}

std::vector<Matrix> Embed::Impl::embed_late(std::span<const TextWindows> texts, int32_t prompt_rows) const {
  std::vector<Matrix> result;
  for (const TextWindows& text : texts) {
    const std::vector<TokenSource> whole = stitch(text);
    Matrix tokens(static_cast<int64_t>(whole.size()), model.config().hidden_size);
    const std::vector<Sequence> sequences = all_sequences(std::span(&text, 1), model.impl());
    run_batches(*model.impl().encoder, sequences,
                [&](const TokenBatch& batch, const Matrix& hidden, size_t first) {
                  for (size_t i = 0; i < whole.size(); ++i) {
                    const auto b = static_cast<int64_t>(whole[i].window) - static_cast<int64_t>(first);
                    if (b < 0 || b >= batch.sequences()) continue;
                    const auto row = hidden.row(batch.begin(static_cast<int32_t>(b)) + whole[i].row);
                    std::copy(row.begin(), row.end(), tokens.row(static_cast<int64_t>(i)).begin());
                  }
                });
    const std::vector<int32_t> cu_seqlens = {0, static_cast<int32_t>(whole.size())};
    result.push_back(
        pipeline.run(std::move(tokens), cu_seqlens, std::span(&prompt_rows, 1), kSentenceEmbedding));
  }
  return result;
}

Embed::Embed(Model model) : impl_(std::make_shared<const Impl>(std::move(model))) {}

Embeddings Embed::operator()(std::span<const std::string> texts, const EmbedOptions& options) const {
  return run(prepare(texts, options), options);
}

PreparedTexts Embed::prepare(std::span<const std::string> texts, const EmbedOptions& options,
                             int threads) const {
  if (options.truncate_dim < 0) {
    fail(ErrorCode::kInvalidArgument, "truncate_dim is {}, want 0 or more", options.truncate_dim);
  }
  const std::string prompt = resolve_prompt(impl_->config, options.prompt_name, options.prompt);
  std::vector<std::string> prompted;
  if (!prompt.empty()) {
    for (const std::string& text : texts) prompted.push_back(prompt + text);
    texts = prompted;
  }
  const WindowOptions window = window_options(options.long_input, impl_->model.impl());
  return make_prepared({.windows = encode_texts(impl_->tokenizer, texts, window,
                                                threads == 0 ? impl_->model.threads() : threads),
                        .prompt_rows = impl_->prompt_tokens(prompt, window.max_length)});
}

Embeddings Embed::run(const PreparedTexts& prepared, const EmbedOptions& options) const {
  const std::vector<TextWindows>& windows = prepared.impl().windows;
  const int32_t prompt_rows = prepared.impl().prompt_rows;
  const bool late = options.late_chunking && options.long_input.mode == LongInput::kChunk;
  const std::vector<Matrix> rows =
      late ? impl_->embed_late(windows, prompt_rows) : impl_->embed_windows(windows, prompt_rows);

  Embeddings result;
  result.dim = options.truncate_dim == 0 ? dim() : std::min(dim(), options.truncate_dim);
  for (size_t i = 0; i < windows.size(); ++i) {
    std::vector<float> vector = late ? std::vector<float>(rows[i].row(0).begin(), rows[i].row(0).end())
                                     : mean_over_windows(windows[i], rows[i].view());
    // A mean of unit vectors is shorter than 1.
    if (rows[i].rows() > 1 && impl_->pipeline.ends_normalized()) l2_normalize(vector);
    vector.resize(result.dim);
    if (options.normalize) l2_normalize(vector);
    result.values.insert(result.values.end(), vector.begin(), vector.end());
  }
  return result;
}

int32_t Embed::dim() const {
  return static_cast<int32_t>(impl_->pipeline.width(kSentenceEmbedding));
}

Similarity Embed::similarity_function() const {
  return impl_->similarity;
}

const std::map<std::string, std::string>& Embed::prompts() const {
  return impl_->config.prompts;
}

}  // namespace modernbert
