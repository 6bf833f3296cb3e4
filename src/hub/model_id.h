// `org/name[@revision]`: how a model on the hub is named. Everything that reaches a path or a URL from a user
// passes the checks here first.
#pragma once

#include <string>
#include <string_view>

namespace modernbert::hub {

struct ModelId {
  std::string name;      // "org/name" or "name"
  std::string revision;  // branch, tag or commit; "main" where the text names none

  std::string text() const { return name + "@" + revision; }
};

// Error (kInvalidArgument) says which part is malformed and what is allowed.
ModelId parse_model_id(std::string_view spec);

// True for what can only be a path: absolute, from `.` or `~`, or with more folders than an id has.
bool looks_like_path(std::string_view spec);

// A full commit hash, 40 lower-case hex digits.
bool is_commit_hash(std::string_view text);
// What a server or a refs/ file may call a commit: letters and digits, hence one harmless path component.
bool is_commit_name(std::string_view text);

}  // namespace modernbert::hub
