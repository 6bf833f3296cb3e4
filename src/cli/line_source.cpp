#include "cli/line_source.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/fail.h"
#include "core/utf8.h"

namespace modernbert::cli {
namespace {

// Enough text to fill every core with tokens, little enough to answer soon.
constexpr size_t kBlockBytes = size_t{64} << 10;
constexpr size_t kBlockLines = 1024;
constexpr size_t kReadBytes = size_t{64} << 10;
constexpr size_t kMaxLineBytes = size_t{256} << 20;

// Whether a read would return at once (data, or the end).
bool readable_now(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, 0) != 0;
}

}  // namespace

LineSource::LineSource(std::vector<std::string> arguments, InvalidUtf8 policy)
    : arguments_(std::move(arguments)), policy_(policy) {}

LineSource::LineSource(int fd, std::string name, InvalidUtf8 policy)
    : fd_(fd), stop_fd_(::eventfd(0, EFD_CLOEXEC)), name_(std::move(name)), policy_(policy) {
  if (stop_fd_ < 0) fail(ErrorCode::kIo, "{}: {}", name_, std::strerror(errno));
}

LineSource::~LineSource() {
  if (stop_fd_ >= 0) ::close(stop_fd_);
}

void LineSource::stop() {
  const uint64_t count = 1;
  if (stop_fd_ >= 0) (void)!::write(stop_fd_, &count, sizeof count);
}

bool LineSource::next(std::vector<InputLine>& block) {
  block.clear();
  if (pending_) std::rethrow_exception(std::exchange(pending_, nullptr));
  try {
    return collect(block);
  } catch (...) {
    if (block.empty()) throw;
    pending_ = std::current_exception();
    return true;
  }
}

bool LineSource::collect(std::vector<InputLine>& block) {
  size_t bytes = 0;
  while (bytes < kBlockBytes && block.size() < kBlockLines) {
    InputLine line;
    if (take_line(line.text)) {
      line.number = ++lines_;
      check_utf8(line);
      bytes += line.text.size();
      block.push_back(std::move(line));
    } else if (at_end_ || fd_ < 0) {
      break;
    } else if (!block.empty() && !readable_now(fd_)) {
      break;
    } else {
      read_more();
    }
  }
  return !block.empty();
}

// False where no complete line is at hand.
bool LineSource::take_line(std::string& line) {
  if (fd_ < 0) {
    if (lines_ == arguments_.size()) return false;
    line = std::move(arguments_[lines_]);
    return true;
  }
  size_t end = buffer_.find('\n', scanned_);
  const bool complete = end != std::string::npos;
  if (!complete) {
    scanned_ = end = buffer_.size();
    if (!at_end_ || begin_ == end) return false;  // else the last line, which has no line end
  }
  line.assign(buffer_, begin_, end - begin_);
  begin_ = scanned_ = complete ? end + 1 : end;
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

// False once stop() was called.
bool LineSource::wait_for_bytes() const {
  pollfd entries[] = {{.fd = fd_, .events = POLLIN, .revents = 0},
                      {.fd = stop_fd_, .events = POLLIN, .revents = 0}};
  while (::poll(entries, 2, -1) < 0 && errno == EINTR) {
  }
  return entries[1].revents == 0;
}

void LineSource::read_more() {
  if (!wait_for_bytes()) {
    at_end_ = true;
    return;
  }
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  if (buffer_.size() > kMaxLineBytes) {
    fail(ErrorCode::kInvalidArgument, "{}: longer than {} MiB, want shorter lines", place(lines_ + 1),
         kMaxLineBytes >> 20);
  }
  const size_t old_size = buffer_.size();
  buffer_.resize(old_size + kReadBytes);
  ssize_t n = 0;
  do {
    n = ::read(fd_, buffer_.data() + old_size, kReadBytes);
  } while (n < 0 && errno == EINTR);
  buffer_.resize(old_size + static_cast<size_t>(n < 0 ? 0 : n));
  if (n < 0) fail(ErrorCode::kIo, "{}: {}", name_, std::strerror(errno));
  at_end_ = n == 0;
  bytes_read_.fetch_add(static_cast<uint64_t>(n), std::memory_order_relaxed);
}

void LineSource::check_utf8(InputLine& line) const {
  const auto bad = find_invalid_utf8(line.text);
  if (!bad) return;
  if (policy_ == InvalidUtf8::kReplace) {
    line.text = replace_invalid_utf8(line.text);
    return;
  }
  fail(ErrorCode::kInvalidArgument,
       "{}, byte {}: 0x{:02x} is not valid UTF-8; --invalid-utf8 replace reads it as U+FFFD",
       place(line.number), *bad, static_cast<unsigned char>(line.text[*bad]));
}

std::string LineSource::place(uint64_t number) const {
  return fd_ < 0 ? fmt::format("argument {}", number) : fmt::format("{}, line {}", name_, number);
}

}  // namespace modernbert::cli
