#include "core/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "core/fail.h"

namespace modernbert {
namespace {

// Opening a FIFO must not wait for a writer; regular files do not care.
constexpr int kReadOnly = O_RDONLY | O_NONBLOCK;

ErrorCode code_of(int error) {
  return error == ENOENT || error == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo;
}

class FileDescriptor {
 public:
  FileDescriptor(const std::filesystem::path& path, int flags, mode_t mode = 0)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (fd_ < 0) fail(code_of(errno), "{}: {}", path.string(), std::strerror(errno));
  }
  ~FileDescriptor() { ::close(fd_); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

size_t regular_file_size(int fd, const std::filesystem::path& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) fail(ErrorCode::kIo, "{}: {}", path.string(), std::strerror(errno));
  if (!S_ISREG(info.st_mode)) fail(ErrorCode::kInvalidFile, "{}: not a regular file", path.string());
  return static_cast<size_t>(info.st_size);
}

void write_all(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(ErrorCode::kIo, "{}: {}", path.string(), std::strerror(errno));
    content.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace

std::string read_file(const std::filesystem::path& path, size_t max_bytes) {
  const FileDescriptor file(path, kReadOnly);
  const size_t size = regular_file_size(file.get(), path);
  if (size > max_bytes) {
    fail(ErrorCode::kInvalidFile, "{}: {} bytes, want at most {}", path.string(), size, max_bytes);
  }
  std::string content(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(file.get(), content.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(ErrorCode::kIo, "{}: {}", path.string(), std::strerror(errno));
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  content.resize(done);
  return content;
}

MappedFile MappedFile::open(const std::filesystem::path& path) {
  const FileDescriptor file(path, kReadOnly);
  const size_t size = regular_file_size(file.get(), path);
  MappedFile mapped;
  mapped.path_ = path;
  if (size == 0) return mapped;
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED)
    fail(ErrorCode::kIo, "{}: cannot map {} bytes: {}", path.string(), size, std::strerror(errno));
  mapped.mapping_ =
      std::shared_ptr<const void>(address, [size](const void* p) { ::munmap(const_cast<void*>(p), size); });
  mapped.bytes_ = {static_cast<const std::byte*>(address), size};
  return mapped;
}

void MappedFile::release(std::span<const std::byte> part) const {
  if (part.data() < bytes_.data() || part.data() + part.size() > bytes_.data() + bytes_.size()) return;
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const auto first = static_cast<size_t>(part.data() - bytes_.data()), last = first + part.size();
  const size_t begin = (first + page - 1) / page * page, end = last / page * page;
  if (begin >= end) return;
  ::madvise(const_cast<std::byte*>(bytes_.data() + begin), end - begin, MADV_DONTNEED);
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  static std::atomic<unsigned> writes = 0;  // two threads may write one path
  const std::filesystem::path temporary = fmt::format("{}.tmp{}.{}", path.string(), ::getpid(), writes++);
  try {
    const FileDescriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    write_all(file.get(), content, temporary);
    if (::fsync(file.get()) != 0) fail(ErrorCode::kIo, "{}: {}", temporary.string(), std::strerror(errno));
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
      fail(ErrorCode::kIo, "{}: {}", path.string(), std::strerror(errno));
    }
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

}  // namespace modernbert
