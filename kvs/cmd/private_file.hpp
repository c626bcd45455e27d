// Small files of the user's that nobody else may read.
#pragma once
#include <filesystem>
#include <string_view>

namespace kvs {

// In one step: whoever reads the file finds the old bytes or the new ones, also after a crash. Mode 0600; a missing
// directory is made, 0700. Throws Failure.
void replace_private_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace kvs
