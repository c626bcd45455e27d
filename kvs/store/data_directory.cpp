#include "kvs/store/data_directory.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace kvs {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view segment_prefix = "journal-";
constexpr std::string_view snapshot_prefix = "snapshot-";
constexpr std::size_t segment_digits = 10;
constexpr std::size_t snapshot_digits = 16;  // 2^53 has as many

std::string numbered(std::string_view prefix, std::size_t digits, std::uint64_t number) {
  auto text = std::to_string(number);
  std::string name(prefix);
  if (text.size() < digits) name.append(digits - text.size(), '0');
  return name + text;
}

std::optional<std::uint64_t> number_in(std::string_view name, std::string_view prefix, std::size_t digits) {
  if (!name.starts_with(prefix) || name.size() < prefix.size() + digits) return {};
  name.remove_prefix(prefix.size());
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return {};
  return number;
}

}  // namespace

fs::path lock_path(const fs::path& directory) { return directory / "lock"; }
fs::path segment_path(const fs::path& directory, std::uint64_t number) {
  return directory / numbered(segment_prefix, segment_digits, number);
}
fs::path snapshot_path(const fs::path& directory, Revision revision) {
  return directory / numbered(snapshot_prefix, snapshot_digits, number(revision));
}
fs::path unfinished_snapshot_path(const fs::path& directory) { return directory / "snapshot.tmp"; }

DirectoryContents list_data_directory(FileSystem& files, const fs::path& directory) {
  DirectoryContents contents;
  for (const std::string& name : files.list(directory)) {
    if (auto segment = number_in(name, segment_prefix, segment_digits)) {
      contents.segments.push_back(*segment);
    } else if (auto snapshot = number_in(name, snapshot_prefix, snapshot_digits)) {
      contents.snapshots.push_back(Revision{*snapshot});
    } else if (name.ends_with(".tmp")) {
      contents.unfinished.push_back(directory / name);
    }
  }
  std::ranges::sort(contents.segments);
  std::ranges::sort(contents.snapshots, std::greater{});
  return contents;
}

}  // namespace kvs
