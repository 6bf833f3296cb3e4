// The loop of every verb that answers input after input. Three stages run at once, each on another block of
// inputs: a thread reads ahead (reads, parses, prepares), the calling thread computes, a thread writes behind
// (prints, flushes). Answers come in the order of the inputs; all inputs before a bad one are answered before
// its error is reported. Few blocks are under way at a time: memory does not grow with the stream.
#pragma once

#include <exception>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "cli/byte_writer.h"
#include "cli/input.h"
#include "core/bounded_queue.h"
#include "modernbert/error.h"
#include "modernbert/prepared_texts.h"

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
  std::exception_ptr bad_line;  // what stopped the reading, if anything
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

// What preparing may use: all cores where the encoder waits for it, else one beside the encoder.
enum class Cores { kOne, kAll };

// What runs on each block.
//   parse: (InputLine&) -> std::optional<Item>             reading thread
//   prepare: (std::span<const Item>, Cores) -> Prepared    reading thread; the calling one to find a bad item
//   compute: (std::span<const Item>, const Prepared&) -> Answers         calling thread
//   write: (std::span<const Item>, const Answers&) -> void               writing thread
// An Error{kInvalidArgument} of prepare or compute is about one of the items.
template <class Item, class Parse, class Prepare, class Compute, class Write>
struct Stages {
  using Prepared = std::invoke_result_t<const Prepare&, std::span<const Item>, Cores>;
  using Answers = std::invoke_result_t<const Compute&, std::span<const Item>, const Prepared&>;
  const Parse& parse;
  const Prepare& prepare;
  const Compute& compute;
  const Write& write;
};

// One run over an input.
template <class Item, class Work>
class Stream {
 public:
  // All outlive the stream.
  Stream(Input& input, ByteWriter& out, StreamProgress& progress, const Work& work)
      : input_(input), out_(out), progress_(progress), work_(work) {}

  // To the end of the input, or to the first error of any stage: throws it.
  void run() {
    std::thread reader, writer;
    std::exception_ptr failure;
    try {
      reader = std::thread([this] { read_all(); });
      writer = std::thread([this] { write_all(); });
      compute_all();
    } catch (...) {
      failure = std::current_exception();
    }
    stop_reading();
    answers_.close();
    if (reader.joinable()) reader.join();
    if (writer.joinable()) writer.join();
    if (write_failure_) std::rethrow_exception(write_failure_);  // of a block before the other failure's
    if (failure) std::rethrow_exception(failure);
  }

 private:
  // Blocks that wait between two stages: one would do, two even out blocks of different size.
  static constexpr size_t kWaiting = 2;

  struct Question {
    Block<Item> block;
    std::optional<typename Work::Prepared> prepared;
    std::exception_ptr not_prepared;
  };
  struct Answer {
    std::vector<Item> items;
    typename Work::Answers answers;
  };

  void stop_reading() {
    questions_.cancel();
    input_.source().stop();
  }

  void read_all() {
    try {
      std::vector<InputLine> lines;
      bool going_on = true;
      while (going_on && input_.source().next(lines)) {
        Question question;
        question.block = parse_block<Item>(lines, input_, work_.parse);
        prepare(question);
        going_on = !question.block.bad_line;
        going_on &= questions_.push(std::move(question));
      }
    } catch (...) {
      Question question;
      question.block.bad_line = std::current_exception();
      questions_.push(std::move(question));
    }
    questions_.close();
  }

  void prepare(Question& question) {
    if (question.block.items.empty()) return;
    try {
      const Cores cores = questions_.consumer_waits() ? Cores::kAll : Cores::kOne;
      question.prepared.emplace(work_.prepare(std::span<const Item>(question.block.items), cores));
    } catch (...) {
      question.not_prepared = std::current_exception();
    }
  }

  void compute_all() {
    while (std::optional<Question> question = questions_.pop()) {
      if (!question->block.items.empty()) answer(*question);
      if (question->block.bad_line) std::rethrow_exception(question->block.bad_line);
    }
  }

  void answer(Question& question) {
    std::vector<Item>& items = question.block.items;
    try {
      if (question.not_prepared) std::rethrow_exception(question.not_prepared);
      auto answers = work_.compute(std::span<const Item>(items), *question.prepared);
      answers_.push({std::move(items), std::move(answers)});
      return;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInvalidArgument) throw;
    }
    answer_one_by_one(question.block);
  }

  // One of the items is at fault: answers those before it, so that the message can say which.
  void answer_one_by_one(Block<Item>& block) {
    for (size_t i = 0; i < block.items.size(); ++i) {
      try {
        std::vector<Item> item;
        item.push_back(std::move(block.items[i]));
        const std::span<const Item> only(item);
        auto answers = work_.compute(only, work_.prepare(only, Cores::kAll));
        answers_.push({std::move(item), std::move(answers)});
      } catch (const Error& error) {
        throw Error(error.code(), about(block.places[i], error.what()));
      }
    }
  }

  void write_all() {
    try {
      while (const std::optional<Answer> answer = answers_.pop()) {
        work_.write(std::span<const Item>(answer->items), answer->answers);
        out_.flush();
        progress_.add(answer->items.size());
      }
    } catch (...) {
      write_failure_ = std::current_exception();
      answers_.cancel();
      stop_reading();
    }
  }

  Input& input_;
  ByteWriter& out_;
  StreamProgress& progress_;
  const Work& work_;
  BoundedQueue<Question> questions_{kWaiting};
  BoundedQueue<Answer> answers_{kWaiting};
  std::exception_ptr write_failure_;  // read once the writer has ended
};

// What goes in and comes out besides the answers themselves.
struct StreamSetup {
  Input& input;
  ByteWriter& out;  // belongs to the writing thread until the stream ends
  bool progress_wanted = false;
};

// The stages: see Stages.
template <class Item, class Parse, class Prepare, class Compute, class Write>
void run_stages(const StreamSetup& setup, const Parse& parse, const Prepare& prepare, const Compute& compute,
                const Write& write) {
  StreamProgress progress(setup.input, setup.progress_wanted);
  const Stages<Item, Parse, Prepare, Compute, Write> stages{parse, prepare, compute, write};
  Stream<Item, Stages<Item, Parse, Prepare, Compute, Write>>(setup.input, setup.out, progress, stages).run();
}

// Where nothing is prepared.   compute: (std::span<const Item>) -> Answers
template <class Item, class Parse, class Compute, class Write>
void run_stream(const StreamSetup& setup, const Parse& parse, const Compute& compute, const Write& write) {
  struct Nothing {};
  run_stages<Item>(
      setup, parse, [](std::span<const Item>, Cores) { return Nothing{}; },
      [&](std::span<const Item> items, const Nothing&) { return compute(items); }, write);
}

// The usual case: one text per input.
template <class Compute, class Write>
void run_texts(const StreamSetup& setup, const Compute& compute, const Write& write) {
  run_stream<std::string>(
      setup, [&](InputLine& line) { return setup.input.text(line); }, compute, write);
}

// The same, where a task prepares texts.   prepare: (std::span<const std::string>, Cores) -> PreparedTexts
//   compute: (const PreparedTexts&) -> Answers
template <class Prepare, class Compute, class Write>
void run_prepared_texts(const StreamSetup& setup, const Prepare& prepare, const Compute& compute,
                        const Write& write) {
  run_stages<std::string>(
      setup, [&](InputLine& line) { return setup.input.text(line); }, prepare,
      [&](std::span<const std::string>, const PreparedTexts& prepared) { return compute(prepared); }, write);
}

// What to pass as a task's threads.
inline int tokenizing_threads(Cores cores) {
  return cores == Cores::kOne ? 1 : 0;
}

}  // namespace modernbert::cli
