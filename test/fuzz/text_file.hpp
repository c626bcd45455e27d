// A string as a file.
#pragma once
#include <string>

#include "kvs/store/file.hpp"

namespace kvs::test {

class TextFile final : public File {
 public:
  std::string text;

  std::uint64_t size() const override { return text.size(); }
  std::size_t read(std::uint64_t offset, std::span<char> into) const override {
    return offset < text.size() ? text.copy(into.data(), into.size(), offset) : 0;
  }
  void write(std::uint64_t offset, std::string_view bytes) override {
    if (text.size() < offset + bytes.size()) text.resize(offset + bytes.size());
    text.replace(offset, bytes.size(), bytes);
  }
  void truncate(std::uint64_t size) override { text.resize(size); }
  void datasync() override {}
};

}  // namespace kvs::test
