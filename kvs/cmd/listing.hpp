// Several records on the way out, in the form that was asked for.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "kvs/cmd/item.hpp"
#include "kvs/cmd/output.hpp"

namespace kvs {

// NDJSON and raw values go out as they come; a table and a JSON object when all are there.
//   ndjson: one record a line   raw: the values, a newline after each   json: {"KEY":"VALUE",…}   table: key, revision,
//   value
class Listing {
 public:
  explicit Listing(Output& output) : output_(output) {}

  void add(const Item& record);
  // Throws Failure (bad data) if a JSON object was asked for and something is not UTF-8.
  void finish();

 private:
  void add_member(const Item& record);

  Output& output_;
  std::vector<std::vector<std::string>> rows_;
  std::string object_;
};

}  // namespace kvs
