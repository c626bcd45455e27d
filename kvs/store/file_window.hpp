// A file read from front to back in big pieces.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "kvs/store/file.hpp"

namespace kvs {

// Shows bytes of a file where they were read to. The file must outlive it.
class FileWindow {
 public:
  FileWindow(const File& file, std::size_t piece) : file_(file), piece_(piece) {}

  // What stands in the file from `offset` on: at least `least` bytes, fewer only where the file ends. Valid until the
  // next call. Cheap when offsets rise.
  std::string_view from(std::uint64_t offset, std::size_t least) {
    if (offset < begin_ || offset > begin_ + size_) begin_ = offset, size_ = 0;
    if (begin_ + size_ - offset < least) load(offset, std::max(least, piece_));
    return {buffer_.get() + (offset - begin_), static_cast<std::size_t>(begin_ + size_ - offset)};
  }

 private:
  void load(std::uint64_t offset, std::size_t wanted) {
    auto kept = static_cast<std::size_t>(begin_ + size_ - offset);
    auto end = std::max(file_.size(), offset + kept);
    wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(wanted, end - offset));  // `least` may be a damaged length
    if (wanted > capacity_) {
      auto larger = std::make_unique_for_overwrite<char[]>(wanted);
      if (kept > 0) std::memcpy(larger.get(), buffer_.get() + (offset - begin_), kept);
      buffer_ = std::move(larger);
      capacity_ = wanted;
    } else if (kept > 0) {
      std::memmove(buffer_.get(), buffer_.get() + (offset - begin_), kept);
    }
    begin_ = offset;
    size_ = kept + file_.read(offset + kept, {buffer_.get() + kept, wanted - kept});
  }

  const File& file_;
  std::size_t piece_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::uint64_t begin_ = 0;
  std::size_t size_ = 0;
};

}  // namespace kvs
