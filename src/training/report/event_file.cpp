#include "training/report/event_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "core/crc32c.h"
#include "core/fail.h"

namespace modernbert {
namespace {

// Field numbers of tensorflow/core/util/event.proto and framework/summary.proto.
constexpr int kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7;
constexpr int kSummaryValue = 1, kTag = 1, kSimpleValue = 2, kSessionStatus = 1, kSessionStart = 1;
enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

template <class T>
void append_raw(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

// A message of a protocol buffer as it grows.
class Message {
 public:
  Message& varint(int field, uint64_t value) {
    key(field, kVarint);
    raw_varint(value);
    return *this;
  }
  Message& fixed(int field, double value) {
    key(field, kFixed64);
    append_raw(bytes_, value);
    return *this;
  }
  Message& fixed(int field, float value) {
    key(field, kFixed32);
    append_raw(bytes_, value);
    return *this;
  }
  Message& text(int field, std::string_view value) {
    key(field, kBytes);
    raw_varint(value.size());
    bytes_ += value;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void key(int field, WireType type) { raw_varint(static_cast<uint64_t>(field) << 3 | type); }
  void raw_varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

// TFRecord's checksum: a CRC of data that may hold CRCs is rotated and shifted.
uint32_t masked_crc(std::string_view bytes) {
  return std::rotr(crc32c(std::as_bytes(std::span(bytes))), 15) + 0xA282EAD8U;
}

std::string record(const Message& message) {
  std::string length, out;
  append_raw(length, static_cast<uint64_t>(message.bytes().size()));
  out = length;
  append_raw(out, masked_crc(length));
  out += message.bytes();
  append_raw(out, masked_crc(message.bytes()));
  return out;
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::string scalar_event(double seconds, int64_t step, const ScalarList& scalars) {
  Message summary;
  for (const auto& [tag, value] : scalars) {
    const Message entry = Message().text(kTag, tag).fixed(kSimpleValue, static_cast<float>(value));
    summary.text(kSummaryValue, entry.bytes());
  }
  return record(Message()
                    .fixed(kWallTime, seconds)
                    .varint(kStep, static_cast<uint64_t>(step))
                    .text(kSummary, summary.bytes()));
}

std::string version_event(double seconds) {
  return record(Message().fixed(kWallTime, seconds).text(kFileVersion, "brain.Event:2"));
}

std::string restart_event(double seconds, int64_t step) {
  const Message log = Message().varint(kSessionStatus, kSessionStart);
  return record(Message()
                    .fixed(kWallTime, seconds)
                    .varint(kStep, static_cast<uint64_t>(step))
                    .text(kSessionLog, log.bytes()));
}

EventFile::EventFile(const std::filesystem::path& folder, int64_t step) : file_(nullptr, std::fclose) {
  std::filesystem::create_directories(folder);
  const double seconds = now();
  path_ = folder / fmt::format("events.out.tfevents.{}.{}", static_cast<int64_t>(seconds), ::getpid());
  file_.reset(std::fopen(path_.c_str(), "wbe"));
  if (!file_) fail(ErrorCode::kIo, "{}: {}", path_.string(), std::strerror(errno));
  append(version_event(seconds));
  if (step > 0) append(restart_event(seconds, step + 1));
}

void EventFile::append(const std::string& bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size())
    fail(ErrorCode::kIo, "{}: {}", path_.string(), std::strerror(errno));
}

void EventFile::on_step(const StepMetrics& m) {
  append(scalar_event(now(), m.step,
                      {{"train/loss", m.loss},
                       {"train/accuracy", m.accuracy},
                       {"train/gradient_norm", m.gradient_norm},
                       {"train/learning_rate", m.rate},
                       {"train/tokens", static_cast<double>(m.tokens)},
                       {"speed/tokens_per_s", m.tokens_per_s},
                       {"speed/share_of_peak", m.share_of_peak}}));
}

void EventFile::on_evaluation(const EvaluationMetrics& m) {
  if (m.labels == 0) return;
  append(scalar_event(now(), m.step, {{"eval/loss", m.loss}, {"eval/accuracy", m.accuracy}}));
}

void EventFile::flush() {
  if (std::fflush(file_.get()) != 0) fail(ErrorCode::kIo, "{}: {}", path_.string(), std::strerror(errno));
}

}  // namespace modernbert
