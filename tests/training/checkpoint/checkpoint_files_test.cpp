#include "training/checkpoint/checkpoint_files.h"

#include <gtest/gtest.h>

#include "core/crc32c.h"
#include "core/file.h"
#include "core/json.h"
#include "error_text.h"
#include "temporary_folder.h"

namespace modernbert::testing {
namespace {

// The checksum is right, so what is wrong was written, not damaged.
Thrown reading(Json state) {
  const TemporaryFolder folder;
  const std::string text = state.dump();
  state["crc32c"] = crc32c(std::as_bytes(std::span(text)));
  write_file_atomically(folder.path() / "training_state.json", state.dump());
  return thrown_by([&] { read_run_state(folder.path()); });
}

TEST(CheckpointFiles, SaysWhatIsMissingOfTheState) {
  const auto expect_error = [](const Json& state, const std::string& what) {
    const Thrown thrown = reading(state);
    EXPECT_EQ(thrown.code, ErrorCode::kInvalidFile);
    EXPECT_NE(thrown.message.find("training_state.json: " + what), std::string::npos) << thrown.message;
  };
  const Json none = Json::object();
  expect_error({{"format", 1}, {"state", none}}, "files is missing, want an object");
  expect_error({{"format", 1}, {"files", none}}, "state is missing, want an object");
  expect_error({{"format", 1}, {"state", none}, {"files", {{"model.safetensors", nullptr}}}},
               "files.model.safetensors is missing, want an object");
  expect_error({{"format", 1}, {"state", none}, {"files", {{"../model.safetensors", none}}}},
               "files.../model.safetensors is {}, want a plain file name");
}

}  // namespace
}  // namespace modernbert::testing
