#include "corpus/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "core/fail.h"

namespace modernbert {
namespace {

// An open regular file.
class RawFile {
 public:
  explicit RawFile(std::filesystem::path path) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0) {
      const bool absent = errno == ENOENT || errno == ENOTDIR;
      fail(absent ? ErrorCode::kNotFound : ErrorCode::kIo, "{}: {}", path_.string(), std::strerror(errno));
    }
    struct stat info {};
    if (::fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) {
      ::close(fd_);
      fail(ErrorCode::kInvalidFile, "{}: not a regular file", path_.string());
    }
  }
  ~RawFile() { ::close(fd_); }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  size_t read(std::span<char> buffer) {
    ssize_t n = 0;
    do {
      n = ::read(fd_, buffer.data(), buffer.size());
    } while (n < 0 && errno == EINTR);
    if (n < 0) fail(ErrorCode::kIo, "{}: {}", path_.string(), std::strerror(errno));
    bytes_read_ += static_cast<uint64_t>(n);
    return static_cast<size_t>(n);
  }

  uint64_t bytes_read() const { return bytes_read_; }
  [[noreturn]] void reject(const std::string& why) const {
    fail(ErrorCode::kInvalidFile, "{}: {}", path_.string(), why);
  }

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  uint64_t bytes_read_ = 0;
};

class PlainSource : public ByteSource {
 public:
  explicit PlainSource(const std::filesystem::path& path) : file_(path) {}
  size_t read(std::span<char> buffer) override { return file_.read(buffer); }
  uint64_t file_bytes_read() const override { return file_.bytes_read(); }

 private:
  RawFile file_;
};

constexpr size_t kInputBytes = size_t{256} << 10;

// One gzip member after another.
class GzipSource : public ByteSource {
 public:
  explicit GzipSource(const std::filesystem::path& path) : file_(path), input_(kInputBytes) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (::inflateInit2(&stream_, kGzipOnly) != Z_OK) file_.reject("cannot set up zlib");
  }
  ~GzipSource() override { ::inflateEnd(&stream_); }

  size_t read(std::span<char> buffer) override {
    stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream_.avail_out = static_cast<uInt>(buffer.size());
    while (stream_.avail_out == buffer.size()) {
      if (stream_.avail_in == 0 && !refill()) {
        if (in_member_) file_.reject("the gzip data ends early");
        return 0;
      }
      inflate_some();
    }
    return buffer.size() - stream_.avail_out;
  }
  uint64_t file_bytes_read() const override { return file_.bytes_read(); }

 private:
  bool refill() {
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(file_.read(input_));
    return stream_.avail_in > 0;
  }

  void inflate_some() {
    in_member_ = true;
    const int status = ::inflate(&stream_, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
      in_member_ = false;
      ::inflateReset(&stream_);
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      file_.reject(fmt::format("damaged gzip data: {}", stream_.msg ? stream_.msg : "unknown error"));
    }
  }

  RawFile file_;
  std::vector<char> input_;
  z_stream stream_{};
  bool in_member_ = false;
};

// One Zstandard frame after another.
class ZstdSource : public ByteSource {
 public:
  explicit ZstdSource(const std::filesystem::path& path)
      : file_(path), input_(kInputBytes), context_(::ZSTD_createDCtx()) {
    if (context_ == nullptr) file_.reject("cannot set up zstd");
  }
  ~ZstdSource() override { ::ZSTD_freeDCtx(context_); }

  size_t read(std::span<char> buffer) override {
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    while (out.pos == 0) {
      // The decoder may hold output back, so it is asked before more input is read.
      const size_t consumed_before = in_.pos;
      if (in_.pos < in_.size || in_frame_) decompress(out);
      if (out.pos > 0 || in_.pos != consumed_before) continue;
      if (!refill()) {
        if (in_frame_) file_.reject("the zstd data ends early");
        return 0;
      }
    }
    return out.pos;
  }
  uint64_t file_bytes_read() const override { return file_.bytes_read(); }

 private:
  bool refill() {
    in_ = {input_.data(), file_.read(input_), 0};
    return in_.size > 0;
  }

  void decompress(ZSTD_outBuffer& out) {
    const size_t status = ::ZSTD_decompressStream(context_, &out, &in_);
    if (::ZSTD_isError(status)) {
      file_.reject(fmt::format("damaged zstd data: {}", ::ZSTD_getErrorName(status)));
    }
    in_frame_ = status != 0;
  }

  RawFile file_;
  std::vector<char> input_;
  ZSTD_DCtx* context_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool in_frame_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> open_byte_source(const std::filesystem::path& path) {
  if (path.extension() == ".gz") return std::make_unique<GzipSource>(path);
  if (path.extension() == ".zst") return std::make_unique<ZstdSource>(path);
  return std::make_unique<PlainSource>(path);
}

std::filesystem::path without_compression_suffix(const std::filesystem::path& path) {
  return path.extension() == ".gz" || path.extension() == ".zst" ? path.parent_path() / path.stem() : path;
}

}  // namespace modernbert
