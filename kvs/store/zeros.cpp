#include "kvs/store/zeros.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace kvs {

// The offset behind the last byte that is not zero.
std::size_t end_of_content(std::string_view bytes) {
  static constexpr std::array<char, 4096> zeros{};
  const std::string_view zero(zeros.data(), zeros.size());
  while (bytes.size() >= zero.size() && bytes.ends_with(zero)) bytes.remove_suffix(zero.size());
  while (!bytes.empty() && bytes.back() == '\0') bytes.remove_suffix(1);
  return bytes.size();
}

void write_zeros(File& file, std::uint64_t from, std::uint64_t to) {
  const std::string zeros(static_cast<std::size_t>(std::min<std::uint64_t>(to - from, 1024 * 1024)), '\0');
  while (from < to) {
    auto now = static_cast<std::size_t>(std::min<std::uint64_t>(to - from, zeros.size()));
    file.write(from, std::string_view(zeros).substr(0, now));
    from += now;
  }
}

}  // namespace kvs
