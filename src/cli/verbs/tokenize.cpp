// Text to tokens, and with --decode back. Needs only a tokenizer in the model's folder.
#include <fmt/format.h>

#include <memory>

#include "cli/failure.h"
#include "cli/json_output.h"
#include "cli/model_options.h"
#include "cli/option_group.h"
#include "cli/pairs.h"
#include "cli/stream.h"
#include "cli/table.h"
#include "cli/token_ids.h"
#include "cli/verbs/verbs.h"
#include "core/fail.h"
#include "modernbert/tokenizer.h"
#include "tasks/model_folder.h"

namespace modernbert::cli {
namespace tokenize_verb {
namespace {

struct Options {
  FolderOptions folder;
  InputOptions input;
  PairOptions pair;
  EncodeOptions encode;
  int threads = 0;
  bool no_special_tokens = false;
  bool type_ids = false;
  bool special_mask = false;
  bool decode = false;
  bool json = false;
};

TruncationStrategy parse_strategy(std::string_view name) {
  if (name == "longest_first") return TruncationStrategy::kLongestFirst;
  if (name == "only_first") return TruncationStrategy::kOnlyFirst;
  if (name == "only_second") return TruncationStrategy::kOnlySecond;
  fail(ErrorCode::kInvalidArgument, "\"{}\", want longest_first, only_first or only_second", name);
}

TruncationSide parse_side(std::string_view name) {
  if (name == "right") return TruncationSide::kRight;
  if (name == "left") return TruncationSide::kLeft;
  fail(ErrorCode::kInvalidArgument, "\"{}\", want right or left", name);
}

Tokenizer load_tokenizer(const FolderOptions& options) {
  if (std::filesystem::is_regular_file(options.model)) return Tokenizer::load(options.model);
  const std::filesystem::path folder = open_folder(options);
  // A sentence-transformers folder may keep its tokenizer in the encoder's folder.
  const bool has_parts = std::filesystem::exists(folder / "modules.json");
  const auto found = has_parts ? find_tokenizer_folder(folder, find_encoder_folder(folder)) : std::nullopt;
  return Tokenizer::load(found.value_or(folder));
}

std::vector<Encoding> encode_block(const Tokenizer& tokenizer, std::span<const TextPair> block,
                                   const Options& options) {
  std::vector<std::string> singles;
  for (const TextPair& pair : block) {
    if (!pair.second) singles.push_back(pair.first);
  }
  std::vector<Encoding> of_singles = tokenizer.encode_batch(singles, options.encode, options.threads);
  std::vector<Encoding> results;
  size_t next = 0;
  for (const TextPair& pair : block) {
    results.push_back(pair.second ? tokenizer.encode_pair(pair.first, *pair.second, options.encode)
                                  : std::move(of_singles[next++]));
  }
  return results;
}

OutJson encoding_to_json(const Encoding& encoding, const Options& options) {
  OutJson object;
  object["ids"] = encoding.ids;
  object["tokens"] = encoding.tokens;
  object["offsets"] = to_json(encoding.offsets);
  if (options.type_ids) object["type_ids"] = encoding.type_ids;
  if (options.special_mask) object["special_tokens_mask"] = encoding.special_tokens_mask;
  if (options.encode.overflow) {
    OutJson windows = OutJson::array();
    for (const Encoding& window : encoding.overflowing) windows.push_back(encoding_to_json(window, options));
    object["overflowing"] = std::move(windows);
  }
  return object;
}

void print_window(const Encoding& encoding, ByteWriter& out) {
  Table table({Align::kRight, Align::kRight, Align::kLeft});
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    const TextSpan span = encoding.offsets[i];
    table.add_row({std::to_string(encoding.ids[i]),
                   encoding.special_tokens_mask[i] ? "" : fmt::format("{}-{}", span.begin, span.end),
                   shortened(encoding.tokens[i])});
  }
  table.print(out, "  ");
}

void print_table(const TextPair& pair, const Encoding& encoding, ByteWriter& out) {
  out.write(shortened(pair.first, 100) + (pair.second ? " | " + shortened(*pair.second, 100) : "") + "\n");
  print_window(encoding, out);
  for (const Encoding& window : encoding.overflowing) {
    out.write("  next window\n");
    print_window(window, out);
  }
  if (encoding.tokens_cut > 0) out.write(fmt::format("  {} tokens cut\n", encoding.tokens_cut));
}

void run_encode(const Options& options, const Tokenizer& tokenizer, const std::vector<std::string>& texts,
                ByteWriter& out) {
  Input input(options.input, texts);
  PairReader reader(options.pair, input, texts);
  run_stream<TextPair>(
      {input, out, !options.folder.quiet && !out.is_terminal()},
      [&](InputLine& line) { return reader.read(line); },
      [&](std::span<const TextPair> block) { return encode_block(tokenizer, block, options); },
      [&](std::span<const TextPair> block, const std::vector<Encoding>& encodings) {
        for (size_t i = 0; i < block.size(); ++i) {
          options.json ? write_json_line(out, encoding_to_json(encodings[i], options))
                       : print_table(block[i], encodings[i], out);
        }
      });
}

// Arguments are the ids of one text; each line of a stream holds those of another.
void run_decode(const Options& options, const Tokenizer& tokenizer, const std::vector<std::string>& texts,
                ByteWriter& out) {
  const bool from_stream = texts.empty() || texts[0] == "-";
  Input input(options.input, from_stream ? std::vector<std::string>()
                                         : std::vector{fmt::format("{}", fmt::join(texts, " "))});
  run_stream<std::vector<int32_t>>(
      {input, out, !options.folder.quiet && !out.is_terminal()},
      [&](InputLine& line) { return read_token_ids(input, line); },
      [&](std::span<const std::vector<int32_t>> block) {
        std::vector<std::string> decoded;
        for (const auto& ids : block) decoded.push_back(tokenizer.decode(ids, options.no_special_tokens));
        return decoded;
      },
      [&](std::span<const std::vector<int32_t>>, const std::vector<std::string>& decoded) {
        for (const std::string& text : decoded) {
          options.json ? write_json_line(out, OutJson{{"text", text}}) : out.write(text + "\n");
        }
      });
}

int run(Options& options, const std::vector<std::string>& texts, ByteWriter& out) {
  if (options.encode.overflow && options.encode.max_length == 0) {
    throw UsageError("tokenize: --overflow needs --max-length");
  }
  options.encode.add_special_tokens = !options.no_special_tokens;
  options.encode.tokens = true;
  const Tokenizer tokenizer = load_tokenizer(options.folder);
  options.decode ? run_decode(options, tokenizer, texts, out) : run_encode(options, tokenizer, texts, out);
  return 0;
}

void declare_truncation(CommandLine& line, EncodeOptions& encode) {
  constexpr int kMaxTokens = 1 << 24;
  OptionGroup truncation(line, "Truncation");
  truncation.number("--max-length", encode.max_length, {0, kMaxTokens}, "N",
                    "Cut to N tokens, special ones included; 0 = no limit");
  truncation.parsed("--truncation", encode.truncation, parse_strategy, "longest_first|only_first|only_second",
                    "longest_first", "Which text of a pair is cut");
  truncation.parsed("--truncation-side", encode.side, parse_side, "right|left", "right", "Which end is cut");
  truncation.flag("--overflow", encode.overflow, "Keep what is cut as further windows");
  truncation.number("--stride", encode.stride, {0, kMaxTokens}, "N", "Tokens shared by neighbouring windows");
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  add_folder_options(line, options->folder);
  add_threads_option(line, options->threads);
  add_input_options(line, options->input);
  add_pair_options(line, options->pair);
  declare_truncation(line, options->encode);
  add_json_flag(line, options->json);
  OptionGroup output(line, "Output");
  output.flag("--no-special-tokens", options->no_special_tokens, "Add none; with --decode: leave them out");
  output.flag("--type-ids", options->type_ids, "\"type_ids\" in the JSON output");
  output.flag("--special-tokens-mask", options->special_mask, "\"special_tokens_mask\" in the JSON output");
  output.flag("--decode", options->decode,
              "The inputs are token ids (numbers, or a list in a --jsonl field); print their text");
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace tokenize_verb

const Verb kTokenize{"tokenize", "[TEXT...]", "Tokens, ids and offsets of texts; or ids back to text",
                     tokenize_verb::declare};

}  // namespace modernbert::cli
