#include "kvs/cmd/resume_file.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

#include "kvs/cmd/failure.hpp"
#include "kvs/cmd/private_file.hpp"
#include "kvs/position.hpp"

namespace kvs {

ResumeFile::ResumeFile(std::filesystem::path path) : path_(std::move(path)) {
  if (path_.empty()) return;
  std::ifstream input(path_);
  if (!input && errno == ENOENT) return;
  if (!input)
    throw Failure(exit_code::other, "cannot read " + path_.string() + ": " + std::generic_category().message(errno));
  std::getline(input, position_);
  if (!parse_position(position_))
    throw Failure(exit_code::bad_data, path_.string() + " holds no revision to go on from",
                  "without the file the watch begins where --since, --initial or nothing says");
}

void ResumeFile::keep(const std::string& position) {
  if (path_.empty() || position.empty() || position == position_) return;
  replace_private_file(path_, position + "\n");
  position_ = position;
}

}  // namespace kvs
