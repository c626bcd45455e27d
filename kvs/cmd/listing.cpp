#include "kvs/cmd/listing.hpp"

#include "kvs/cmd/failure.hpp"
#include "kvs/cmd/text.hpp"
#include "kvs/json_text.hpp"

namespace kvs {

void Listing::add(const Item& record) {
  switch (output_.form()) {
    case Form::human:
    case Form::table:
      rows_.push_back(
          {escaped(record.key, Escape::line), std::to_string(record.revision), value_cell(record.value.value_or(""))});
      break;
    case Form::json:
      add_member(record);
      break;
    case Form::raw:
      output_.write(record.value.value_or("") + "\n");
      break;
    case Form::machine:
    case Form::ndjson:
      output_.write_json_line(record.json);
      break;
  }
}

void Listing::add_member(const Item& record) {
  const std::string value = record.value.value_or("");
  if (!is_utf8(record.key) || !is_utf8(value))
    throw Failure(exit_code::bad_data,
                  "'" + record.key + "' holds bytes that are no UTF-8 text, which JSON cannot show",
                  "use -o ndjson: there such bytes are base64");
  object_ += object_.empty() ? '{' : ',';
  append_json_string(object_, record.key);
  object_ += ':';
  append_json_string(object_, value);
}

void Listing::finish() {
  if (output_.form() == Form::json) output_.write_json(object_.empty() ? "{}" : object_ + "}");
  if (!rows_.empty()) {
    std::vector<std::vector<std::string>> all{{"KEY", "REVISION", "VALUE"}};
    all.insert(all.end(), rows_.begin(), rows_.end());
    std::string text = table(all, output_.width());
    std::size_t heading = text.find('\n');
    output_.write(output_.painted(std::string_view(text).substr(0, heading), "1"));
    output_.write(std::string_view(text).substr(heading));
  }
  output_.flush();
}

}  // namespace kvs
