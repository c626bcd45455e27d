// Records on their way into a server: as many as fit are one transaction.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "kvs/revision.hpp"

namespace kvs {

struct ImportRecord {
  std::string key, value, content_type;
  std::optional<std::chrono::milliseconds> ttl;  // none: for ever; 0 or less: it has expired
};

// One line of what kvs export wrote, at the time `now`; by hand it may have `ttl`, too. Throws Failure (bad data) that
// says what is wrong with it: also a member that records do not have.
ImportRecord parse_import(std::string_view line, LogTime now);

// "2026-11-22T06:12:16.016Z", or without the milliseconds; nullopt if it is none.
std::optional<LogTime> parse_time(const std::string& text);

class ImportBatch {
 public:
  // `most_bytes` of keys, values and content types together.
  explicit ImportBatch(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  // Whether the record may join those that are in it: a key stands in a transaction once.
  bool takes(const ImportRecord& record) const;
  void add(const ImportRecord& record);

  std::size_t size() const { return keys_.size(); }
  // The body of POST /v1/txn; the batch is empty after it.
  std::string take_body();

 private:
  std::size_t most_bytes_;
  std::size_t bytes_ = 0;
  std::set<std::string, std::less<>> keys_;
  std::string operations_;
};

}  // namespace kvs
