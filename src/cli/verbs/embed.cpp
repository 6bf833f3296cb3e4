#include "modernbert/embed.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/embedding_quantizer.h"
#include "cli/embedding_sink.h"
#include "cli/failure.h"
#include "cli/json_output.h"
#include "cli/npy.h"
#include "cli/option_group.h"
#include "cli/output_file.h"
#include "cli/session.h"
#include "cli/stream.h"
#include "cli/verbs/verbs.h"
#include "core/fail.h"
#include "modernbert/late_interaction.h"

namespace modernbert::cli {
namespace embed_verb {
namespace {

struct Options {
  ModelOptions model;
  InputOptions input;
  EmbedOptions embed;
  EmbeddingPrecision precision = EmbeddingPrecision::kFloat32;
  std::string calibration;
  std::string output;
  bool json = false;
};

bool to_file(const Options& options) {
  return !options.output.empty() && options.output != "-";
}

std::unique_ptr<EmbeddingSink> make_sink(const Options& options, ByteWriter& out) {
  if (to_file(options)) return make_file_sink(options.output);
  if (options.json || options.output == "-") return make_json_sink(out);
  return make_table_sink(out);
}

void check_options(const Options& options) {
  if (options.embed.late_chunking && options.embed.long_input.mode != LongInput::kChunk) {
    throw UsageError("embed: --late-chunking needs --long chunk");
  }
  const bool by_range =
      options.precision == EmbeddingPrecision::kInt8 || options.precision == EmbeddingPrecision::kUint8;
  if (!options.calibration.empty() && !by_range) {
    throw UsageError("embed: --calibration needs --precision int8 or uint8");
  }
}

bool progress_wanted(const Options& options, const Session& session, const ByteWriter& out) {
  return to_file(options) ? !options.model.folder.quiet : session.progress_wanted(out);
}

// One vector per text.
void run_single(const Options& options, Input& input, Session& session, ByteWriter& out) {
  std::optional<Embeddings> calibration;
  if (!options.calibration.empty()) calibration = read_npy(options.calibration);
  const Embed embed(session.model());
  EmbeddingQuantizer quantizer(options.precision, std::move(calibration), make_sink(options, out));
  run_prepared_texts(
      {input, out, progress_wanted(options, session, out)},
      [&](std::span<const std::string> block, Cores cores) {
        return embed.prepare(block, options.embed, tokenizing_threads(cores));
      },
      [&](const PreparedTexts& prepared) {
        return session.timed([&] { return embed.run(prepared, options.embed); });
      },
      [&](std::span<const std::string>, const Embeddings& embeddings) { quantizer.write(embeddings); });
  const int32_t cut = options.embed.truncate_dim;
  quantizer.finish(cut > 0 ? std::min(cut, embed.dim()) : embed.dim());
}

void refuse_single_vector_options(const Options& options) {
  const EmbedOptions& embed = options.embed;
  if (options.output.ends_with(".npy")) {
    fail(ErrorCode::kUnsupported,
         "{}: a ColBERT model gives several vectors per text, want --output FILE.jsonl", options.output);
  }
  if (options.precision != EmbeddingPrecision::kFloat32 || embed.truncate_dim > 0 || embed.prompt ||
      embed.late_chunking ||
      (embed.prompt_name && *embed.prompt_name != "query" && *embed.prompt_name != "document")) {
    fail(ErrorCode::kUnsupported,
         "a ColBERT model takes --prompt-name query or document and neither --precision, --truncate-dim, "
         "--prompt "
         "nor --late-chunking");
  }
}

void print_vectors(const MultiVector& vectors, bool json, ByteWriter& out) {
  if (!json) return out.write(fmt::format("{} vectors of {} values\n", vectors.rows(), vectors.dim));
  OutJson list = OutJson::array();
  const auto dim = static_cast<size_t>(vectors.dim);
  for (size_t i = 0; i < vectors.rows(); ++i) {
    const auto row = std::span(vectors.values).subspan(i * dim, dim);
    list.push_back(std::vector(row.begin(), row.end()));
  }
  OutJson object;
  object["embeddings"] = std::move(list);
  write_json_line(out, object);
}

// One vector per token.
void run_multi(const Options& options, Input& input, Session& session, ByteWriter& out) {
  refuse_single_vector_options(options);
  const LateInteraction colbert(session.model());
  const bool queries = options.embed.prompt_name == "query";
  const LongInput mode = options.embed.long_input.mode;
  std::optional<OutputFile> file;
  if (to_file(options)) file.emplace(options.output);
  ByteWriter& target = file ? file->writer() : out;
  const bool json = options.json || !options.output.empty();
  run_texts(
      {input, out, progress_wanted(options, session, out)},
      [&](std::span<const std::string> block) {
        return session.timed([&] {
          return queries ? colbert.encode_queries(block, mode) : colbert.encode_documents(block, mode);
        });
      },
      [&](std::span<const std::string>, const std::vector<MultiVector>& results) {
        for (const MultiVector& vectors : results) print_vectors(vectors, json, target);
      });
  if (file) file->commit();
}

int run(const Options& options, const std::vector<std::string>& texts, ByteWriter& out) {
  check_options(options);
  Input input(options.input, texts);
  Session session(options.model);
  LateInteraction::describes(session.model()) ? run_multi(options, input, session, out)
                                              : run_single(options, input, session, out);
  session.finish();
  return 0;
}

void declare_output(CommandLine& line, Options& options) {
  add_json_flag(line, options.json);
  OptionGroup output(line, "Output");
  output.text("--output,-o", options.output, "FILE",
              "FILE.npy, FILE.jsonl, or - for JSON lines on standard output");
  output.parsed("--precision", options.precision, parse_embedding_precision,
                "float32|int8|uint8|binary|ubinary", "float32", "Type of the values");
  output.text(
      "--calibration", options.calibration, "FILE",
      "float32 embeddings (.npy) that int8 and uint8 take their ranges from (default: those of the run)");
  output.number("--truncate-dim", options.embed.truncate_dim, {0, 1 << 20}, "N",
                "Keep the first N values; 0 = all");
  output.flag("--normalize", options.embed.normalize, "Scale to length 1, after truncation");
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  add_model_options(line, options->model);
  add_input_options(line, options->input);
  OptionGroup input(line, "Input");
  input.text("--prompt-name", options->embed.prompt_name, "NAME",
             "A prompt of the model's folder, such as query or document (default: the folder's)");
  input.text("--prompt", options->embed.prompt, "TEXT",
             "Text put before every text; wins over --prompt-name");
  add_long_options(line, options->embed.long_input);
  OptionGroup(line, "Long inputs")
      .flag("--late-chunking", options->embed.late_chunking,
            "With --long chunk: pool once over the tokens of all windows");
  declare_output(line, *options);
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace embed_verb

const Verb kEmbed{"embed", "[TEXT...]", "Embeddings of texts", embed_verb::declare};

}  // namespace modernbert::cli
