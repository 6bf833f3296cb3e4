#include "cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/fail.h"

namespace modernbert::cli {
namespace {

// The temporary file to remove on a signal; a signal handler may only touch lock-free atomics.
std::atomic<const char*> g_unfinished = nullptr;

// Removes the unfinished file, then dies of the signal as if it had not been caught.
extern "C" void remove_unfinished_and_die(int signal) {
  if (const char* path = g_unfinished.load()) ::unlink(path);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = remove_unfinished_and_die;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction old {};
    // A signal that our parent made us ignore (nohup) stays ignored.
    if (::sigaction(signal, nullptr, &old) == 0 && old.sa_handler == SIG_IGN) continue;
    ::sigaction(signal, &action, nullptr);
  }
}

[[noreturn]] void fail_with_errno(const std::filesystem::path& path) {
  const int error = errno;
  const bool absent = error == ENOENT || error == ENOTDIR;
  fail(absent ? ErrorCode::kNotFound : ErrorCode::kIo, "{}: cannot write: {}", path.string(),
       std::strerror(error));
}

}  // namespace

OutputFile::OutputFile(std::filesystem::path path)
    : path_(std::move(path)), temporary_(path_.string() + ".tmp" + std::to_string(::getpid())) {
  if (std::filesystem::is_directory(path_)) {
    fail(ErrorCode::kIo, "{}: cannot write: it is a folder", path_.string());
  }
  // Before the file is there: a signal that came between the two would leave it behind.
  g_unfinished = temporary_.c_str();
  catch_signals();
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    g_unfinished = nullptr;
    fail_with_errno(path_);
  }
  writer_.emplace(fd_, path_.string());
}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
  g_unfinished = nullptr;
}

void OutputFile::overwrite_start(std::string_view bytes) {
  writer_->flush();
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with_errno(path_);
    done += static_cast<size_t>(n);
  }
}

void OutputFile::commit() {
  writer_->flush();
  // Some file systems report a full disk only here.
  if (::fsync(fd_) != 0) fail_with_errno(path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_with_errno(path_);
  g_unfinished = nullptr;
  ::close(fd_);
  fd_ = -1;
}

}  // namespace modernbert::cli
