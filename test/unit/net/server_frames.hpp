// The frames a server sends (not masked, never fragmented), read back from their bytes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/net/websocket.hpp"

namespace kvs::test {

struct ServerFrame {
  FrameType type{};
  std::string payload;

  // Of a close frame; 0 if it has none.
  int code() const {
    if (payload.size() < 2) return 0;
    return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
  }
  std::string reason() const { return payload.size() < 2 ? "" : payload.substr(2); }
};

// Takes the first frame off the front of `bytes`; false if it is not there as a whole.
inline bool take_frame(std::string& bytes, ServerFrame& frame) {
  auto byte = [&](std::size_t at) { return static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at])); };
  if (bytes.size() < 2) return false;
  std::uint64_t size = byte(1);
  std::size_t header = size == 127 ? 10 : size == 126 ? 4 : 2;
  if (bytes.size() < header) return false;
  if (header != 2) size = 0;
  for (std::size_t at = 2; at < header; ++at) size = size << 8 | byte(at);
  if (bytes.size() - header < size) return false;
  frame = {static_cast<FrameType>(byte(0) & 0x0F), bytes.substr(header, size)};
  bytes.erase(0, header + size);
  return true;
}

// The payloads of whole text messages, and nothing else.
inline std::vector<std::string> messages(std::string bytes) {
  std::vector<std::string> all;
  ServerFrame frame;
  while (take_frame(bytes, frame)) all.push_back(frame.type == FrameType::text ? frame.payload : "(not a text)");
  if (!bytes.empty()) all.push_back("(not a frame)");
  return all;
}

}  // namespace kvs::test
