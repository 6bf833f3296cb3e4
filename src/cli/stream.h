// The loop of every verb that answers input after input: read a block, answer it, print, flush. Answers come
// in the order of the inputs; all inputs before a bad one are answered before its error is reported.
#pragma once

#include <exception>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/byte_writer.h"
#include "cli/input.h"
#include "modernbert/error.h"

namespace modernbert::cli {

// "1,234 inputs" on the status line while a long stream is read and nothing else fills the terminal.
class StreamProgress {
 public:
  StreamProgress(const Input& input, bool wanted);
  ~StreamProgress();
  void add(size_t items);

 private:
  const Input& input_;
  bool shown_;
  uint64_t done_ = 0;
  double start_seconds_;
};

// The items of one block and where they come from.
template <class Item>
struct Block {
  std::vector<Item> items;
  std::vector<std::string> places;
  std::exception_ptr bad_line;  // what stopped the parsing, if anything
};

// The message of an error about the only item of a call, with the item's place: "text 0 has no mask token"
// becomes "standard input, line 5 has no mask token".
std::string about(const std::string& place, const std::string& message);

// parse: (InputLine&) -> std::optional<Item>, nullopt = nothing in this line.
template <class Item, class Parse>
Block<Item> parse_block(std::vector<InputLine>& lines, const Input& input, const Parse& parse) {
  Block<Item> block;
  try {
    for (InputLine& line : lines) {
      if (std::optional<Item> item = parse(line)) {
        block.items.push_back(std::move(*item));
        block.places.push_back(input.place(line));
      }
    }
  } catch (const Error&) {
    block.bad_line = std::current_exception();
  }
  return block;
}

// run: (std::span<const Item>) -> void; computes all answers first, then prints them.
template <class Item, class Run>
void run_block(const Block<Item>& block, ByteWriter& out, const Run& run) {
  const std::span<const Item> items(block.items);
  try {
    return run(items);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidArgument) throw;
  }
  // One of the items is at fault: answer them one by one up to it, so that the message can say which.
  for (size_t i = 0; i < items.size(); ++i) {
    try {
      run(items.subspan(i, 1));
    } catch (const Error& error) {
      out.flush();
      throw Error(error.code(), about(block.places[i], error.what()));
    }
  }
}

template <class Item, class Parse, class Run>
void run_stream(Input& input, ByteWriter& out, bool progress_wanted, const Parse& parse, const Run& run) {
  StreamProgress progress(input, progress_wanted);
  std::vector<InputLine> lines;
  while (input.source().next(lines)) {
    const Block<Item> block = parse_block<Item>(lines, input, parse);
    if (!block.items.empty()) run_block(block, out, run);
    out.flush();
    if (block.bad_line) std::rethrow_exception(block.bad_line);
    progress.add(block.items.size());
  }
}

// The usual case: one text per input.
template <class Run>
void run_texts(Input& input, ByteWriter& out, bool progress_wanted, const Run& run) {
  run_stream<std::string>(
      input, out, progress_wanted, [&](InputLine& line) { return input.text(line); }, run);
}

}  // namespace modernbert::cli
