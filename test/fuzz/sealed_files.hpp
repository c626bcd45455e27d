// Checksums made right, in bytes that may be the files of a data directory (kvs/store/journal_format.cpp and
// snapshot_format.cpp have the grammar), so that what is behind them is tried.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kvs/crc32c.hpp"
#include "kvs/little_endian.hpp"

namespace kvs::test {

template <class Number>
Number number_at(std::string_view bytes, std::size_t at) {
  return ByteReader(bytes.substr(at)).get<Number>();
}
template <class Number>
void put_at(std::string& bytes, std::size_t at, Number number) {
  ByteWriter(bytes.data() + at).put(number);
}

inline constexpr std::size_t file_header = 64;  // of both kinds

// Of both kinds: magic:8 version:u16 … crc32c:u32 …; what is between, a snapshot's mark, stays.
inline void seal_header(std::string& bytes, std::string_view magic) {
  bytes.replace(0, magic.size(), magic);
  put_at(bytes, 8, std::uint16_t{1});
  put_at(bytes, 12, std::uint32_t{0});
  put_at(bytes, 12, crc32c(std::string_view(bytes).substr(0, file_header)));
}

// The batches one after the other, as far as their lengths can be followed; one that is too long ends with the file.
inline void seal_segment(std::string& bytes) {
  constexpr std::size_t batch_header = 40;
  if (bytes.size() < file_header) return;
  put_at(bytes, 10, std::uint16_t{0});  // its version has four bytes
  seal_header(bytes, "kvs jrnl");
  for (std::size_t at = file_header; bytes.size() - at >= batch_header;) {
    std::size_t length = number_at<std::uint32_t>(bytes, at + 4);
    if (length < batch_header) return;
    length = std::min(length, bytes.size() - at);
    put_at(bytes, at + 4, static_cast<std::uint32_t>(length));
    std::string place = bytes.substr(16, 16);  // log id and number, as the header has them
    place.resize(24);
    put_at(place, 16, std::uint64_t{at});
    put_at(bytes, at, crc32c(std::string_view(bytes).substr(at + 4, length - 4), crc32c(place)));
    at += length;
  }
}

// How many records these are.
inline std::uint64_t count_records(std::string_view bytes) {
  constexpr std::size_t fixed = 36;
  std::uint64_t count = 0;
  while (bytes.size() >= fixed) {
    std::size_t size = fixed + number_at<std::uint32_t>(bytes, 28) + number_at<std::uint16_t>(bytes, 32) +
                       number_at<std::uint8_t>(bytes, 34) + (bytes[35] != 0 ? 8 : 0);
    if (size > bytes.size()) break;
    bytes.remove_prefix(size);
    ++count;
  }
  return count;
}

// The blocks one after the other, a trailer behind them that counts right, and no digest to be compared.
inline void seal_snapshot(std::string& bytes) {
  constexpr std::size_t block_header = 9;
  constexpr std::size_t trailer_size = block_header + 8;
  if (bytes.size() < file_header + trailer_size) return;
  put_at(bytes, 40, std::uint64_t{0});
  seal_header(bytes, "kvs snap");
  std::uint64_t records = 0;
  auto crc = number_at<std::uint32_t>(bytes, 12);
  std::size_t at = file_header;
  auto seal = [&](std::size_t whole) {
    put_at(bytes, at + 4, static_cast<std::uint32_t>(whole - 8));
    crc = crc32c(std::string_view(bytes).substr(at + 4, whole - 4), crc);
    put_at(bytes, at, crc);
    at += whole;
  };
  while (bytes.size() - at >= block_header + trailer_size && bytes[at + 8] != 0) {
    std::size_t most = bytes.size() - at - trailer_size;
    std::size_t whole = std::min<std::size_t>(8 + number_at<std::uint32_t>(bytes, at + 4), most);
    whole = std::max(whole, block_header);
    if (bytes[at + 8] >= 2 && bytes[at + 8] <= 4)
      records += count_records(std::string_view(bytes).substr(at + block_header, whole - block_header));
    seal(whole);
  }
  bytes.resize(at + trailer_size);
  bytes[at + 8] = 0;
  put_at(bytes, at + block_header, records);
  seal(trailer_size);
}

inline std::optional<std::uint64_t> place_in_snapshot(std::string_view bytes) {
  if (bytes.size() < file_header) return {};
  return number_at<std::uint64_t>(bytes, 48);
}

}  // namespace kvs::test
