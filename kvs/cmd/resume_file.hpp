// Where a watch has got to, kept in a file over its own end: one line, REVISION or REVISION@LOGID.
#pragma once
#include <filesystem>
#include <string>

namespace kvs {

class ResumeFile {
 public:
  // An empty path keeps nothing. Reads what is there; throws Failure (bad data) if that is no position.
  explicit ResumeFile(std::filesystem::path path);

  const std::string& position() const { return position_; }  // empty: none yet
  // Renamed into place, and only if it is another one. Throws Failure.
  void keep(const std::string& position);

 private:
  std::filesystem::path path_;
  std::string position_;
};

}  // namespace kvs
