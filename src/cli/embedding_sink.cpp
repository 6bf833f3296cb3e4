#include "cli/embedding_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/failure.h"
#include "cli/json_output.h"
#include "cli/npy.h"
#include "cli/output_file.h"

namespace modernbert::cli {
namespace {

bool is_signed(EmbeddingPrecision precision) {
  return precision == EmbeddingPrecision::kInt8 || precision == EmbeddingPrecision::kBinary;
}

// Calls with the values of each row: a span of float, int8_t or uint8_t.
template <class Call>
void for_each_row(const EmbeddingRows& rows, const Call& call) {
  const auto each = [&](auto values) {
    for (size_t i = 0; i < values.size(); i += static_cast<size_t>(rows.columns)) {
      call(values.subspan(i, static_cast<size_t>(rows.columns)));
    }
  };
  if (rows.precision == EmbeddingPrecision::kFloat32) return each(rows.floats);
  if (!is_signed(rows.precision)) return each(rows.bytes);
  each(std::span(reinterpret_cast<const int8_t*>(rows.bytes.data()), rows.bytes.size()));
}

class JsonSink : public EmbeddingSink {
 public:
  explicit JsonSink(ByteWriter& out) : out_(out) {}

  void write(const EmbeddingRows& rows) override {
    for_each_row(rows, [&](auto row) {
      OutJson object;
      object["embedding"] = std::vector(row.begin(), row.end());
      write_json_line(out_, object);
    });
  }
  void finish(EmbeddingPrecision, int32_t) override {}

 private:
  ByteWriter& out_;
};

class TableSink : public EmbeddingSink {
 public:
  explicit TableSink(ByteWriter& out) : out_(out) {}

  void write(const EmbeddingRows& rows) override {
    constexpr size_t kShown = 6;
    for_each_row(rows, [&](auto row) {
      double squares = 0;
      for (const auto value : row) squares += static_cast<double>(value) * value;
      std::string line =
          fmt::format("{:5}  {} values, norm {:.4f}: ", index_++, row.size(), std::sqrt(squares));
      for (size_t j = 0; j < std::min(kShown, row.size()); ++j)
        line += fmt::format(" {:8.5g}", static_cast<float>(row[j]));
      out_.write(line + (row.size() > kShown ? " …\n" : "\n"));
    });
  }
  void finish(EmbeddingPrecision, int32_t) override {}

 private:
  ByteWriter& out_;
  uint64_t index_ = 0;
};

class JsonFileSink : public EmbeddingSink {
 public:
  explicit JsonFileSink(const std::string& path) : file_(path), json_(file_.writer()) {}
  void write(const EmbeddingRows& rows) override { json_.write(rows); }
  void finish(EmbeddingPrecision, int32_t) override { file_.commit(); }

 private:
  OutputFile file_;
  JsonSink json_;
};

class NpySink : public EmbeddingSink {
 public:
  explicit NpySink(const std::string& path) : file_(path) { file_.writer().write(npy_header("<f4", 0, 0)); }

  void write(const EmbeddingRows& rows) override {
    const auto bytes = rows.precision == EmbeddingPrecision::kFloat32 ? std::as_bytes(rows.floats)
                                                                      : std::as_bytes(rows.bytes);
    file_.writer().write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    const size_t values = std::max(rows.floats.size(), rows.bytes.size());
    rows_ += values / static_cast<size_t>(rows.columns);
  }

  void finish(EmbeddingPrecision precision, int32_t columns) override {
    const char* descr = precision == EmbeddingPrecision::kFloat32 ? "<f4"
                        : is_signed(precision)                    ? "|i1"
                                                                  : "|u1";
    file_.overwrite_start(npy_header(descr, rows_, columns));
    file_.commit();
  }

 private:
  OutputFile file_;
  uint64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<EmbeddingSink> make_json_sink(ByteWriter& out) {
  return std::make_unique<JsonSink>(out);
}

std::unique_ptr<EmbeddingSink> make_table_sink(ByteWriter& out) {
  return std::make_unique<TableSink>(out);
}

std::unique_ptr<EmbeddingSink> make_file_sink(const std::string& path) {
  if (path.ends_with(".npy")) return std::make_unique<NpySink>(path);
  if (path.ends_with(".jsonl")) return std::make_unique<JsonFileSink>(path);
  throw UsageError(fmt::format("--output {}: want a name that ends in .npy or .jsonl, or -", path));
}

}  // namespace modernbert::cli
