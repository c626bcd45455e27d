// Whether a directory can hold data, as far as that can be told without changing anything.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "kvs/cmd/serve.hpp"

namespace kvs {

// `directory`, or, if it is still to be made, the nearest one above it that is there.
std::filesystem::path existing_part(const std::filesystem::path& directory);

struct PlaceProblem {
  std::string words;   // what is wrong
  std::string repair;  // a command, or advice; may be empty
};

// Of a directory that this user is to read, write or make; none if nothing speaks against it.
std::optional<PlaceProblem> place_problem(const std::filesystem::path& directory);

// Before a server opens anything: throws Failure that names the setting.
void check_data_place(const Settings& settings, const ServeOptions& options);

}  // namespace kvs
