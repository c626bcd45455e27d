// Any bytes at all as a bookmark: refused in words, or read as they would be written.
//
// input := sealed:u8 bookmark:(the rest)      sealed is odd: the checksum is made right
#include <cstdlib>
#include <string>
#include <string_view>

#include "kvs/bus/kafka_bookmark.hpp"
#include "kvs/crc32c.hpp"

using namespace kvs;

// The name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if (data[0] % 2 == 1 && bytes.size() >= 8)
    ByteWriter(bytes.data() + 4).put(crc32c(std::string_view(bytes).substr(8)));
  try {
    if (KafkaBookmark::decode(bytes, {}).encode() != bytes) std::abort();
  } catch (const BusBroken& broken) {
    if (std::string_view(broken.what()).empty()) std::abort();
  }
  return 0;
}
