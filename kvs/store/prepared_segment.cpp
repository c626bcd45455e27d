#include "kvs/store/prepared_segment.hpp"

#include <algorithm>
#include <system_error>

#include "kvs/store/data_directory.hpp"
#include "kvs/store/zeros.hpp"

namespace kvs {
namespace {

constexpr std::uint64_t smallest = 64 * 1024;
constexpr std::uint64_t piece = 1024 * 1024;

// Half of what is free is left to others, as long as that makes a useful segment.
std::uint64_t fitting(std::uint64_t capacity, std::uint64_t free) {
  while (capacity > smallest && capacity > free / 2) capacity /= 2;
  return capacity;
}

void fill_with_zeros(File& file, std::uint64_t size) {
  for (std::uint64_t done = 0; done < size;) {
    auto end = std::min(size, done + piece);
    write_zeros(file, done, end);
    done = end;
    file.datasync();  // piece by piece: one big flush would hold up the batches being written beside it
  }
}

}  // namespace

PreparedSegment prepare_segment(FileSystem& files, const std::filesystem::path& directory, std::uint64_t number,
                                std::uint64_t capacity, bool zeros) {
  PreparedSegment segment;
  segment.capacity = fitting(capacity, files.free_space(directory));
  auto path = segment_path(directory, number);
  segment.file = files.create(path);
  try {
    if (zeros) fill_with_zeros(*segment.file, segment.capacity);
    files.sync_directory(directory);
  } catch (const std::system_error&) {
    try {
      files.remove(path);
    } catch (const std::system_error&) {
      // The next start removes it.
    }
    throw;
  }
  return segment;
}

}  // namespace kvs
