// The texts of a run, one after another: the arguments of the command line, or the lines of a stream of any
// length. Memory stays constant: a block is handed out as soon as it is full, and earlier when the stream has
// nothing more to say for the moment, so that an interactive caller gets answers line by line.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <string>
#include <vector>

namespace modernbert::cli {

struct InputLine {
  std::string text;     // valid UTF-8, may hold NUL bytes; without its line end (LF or CRLF)
  uint64_t number = 0;  // from 1
};

enum class InvalidUtf8 { kError, kReplace };

// One thread reads; stop, place and bytes_read may be called by any other.
class LineSource {
 public:
  LineSource(std::vector<std::string> arguments, InvalidUtf8 policy);
  // name: what messages call the stream. Does not own the descriptor.
  LineSource(int fd, std::string name, InvalidUtf8 policy);
  ~LineSource();
  LineSource(const LineSource&) = delete;
  LineSource& operator=(const LineSource&) = delete;

  // The next block, overwritten; false at the end. A bad line is an error (kInvalidArgument) only once all
  // lines before it have been handed out.
  bool next(std::vector<InputLine>& block);

  // Ends the stream here, also for a thread that waits inside next() for a terminal or a pipe.
  void stop();

  // "standard input, line 3", "argument 2": how messages name a line.
  std::string place(uint64_t number) const;
  uint64_t bytes_read() const { return bytes_read_.load(std::memory_order_relaxed); }

 private:
  bool collect(std::vector<InputLine>& block);
  bool take_line(std::string& line);
  void read_more();
  bool wait_for_bytes() const;
  void check_utf8(InputLine& line) const;

  std::vector<std::string> arguments_;
  int fd_ = -1;       // -1: the arguments
  int stop_fd_ = -1;  // readable once stop() was called
  std::string name_;
  InvalidUtf8 policy_;
  std::string buffer_;
  size_t begin_ = 0;    // first byte of buffer_ not handed out
  size_t scanned_ = 0;  // no line end in buffer_[begin_, scanned_)
  bool at_end_ = false;
  uint64_t lines_ = 0;
  std::atomic<uint64_t> bytes_read_ = 0;
  std::exception_ptr pending_;
};

}  // namespace modernbert::cli
