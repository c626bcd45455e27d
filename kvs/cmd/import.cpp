// kvs import: reads records line by line and sets them, many in one transaction.
#include <algorithm>
#include <boost/json.hpp>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/import_batch.hpp"
#include "kvs/cmd/input.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/progress.hpp"
#include "kvs/cmd/record_stream.hpp"
#include "kvs/limits.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

constexpr std::size_t batch_bytes = 512 * 1024;

// What a record's line may take: every byte may be escaped ("\u0000"), and there are names, numbers and times.
constexpr std::size_t longest_line(std::uint64_t largest_value) {
  constexpr std::size_t escape = 6, around = 16 * 1024;
  return escape * (largest_value + max_key_size + max_content_type_size) + around;
}

// Of the server; a transaction may hold as much as a value.
std::uint64_t largest_value(Remote& remote) {
  ClientAnswer answer = remote.ask({.method = "GET", .target = "/v1/status", .fields = {}, .body = {}});
  if (answer.status != 200) throw failure_from(answer);
  boost::system::error_code error;
  boost::json::value status = boost::json::parse(answer.body, error);
  const boost::json::value* limits = !error && status.is_object() ? status.as_object().if_contains("limits") : nullptr;
  if (!limits) return default_max_value_size;
  return json_number(boost::json::serialize(*limits), "max_value_size").value_or(default_max_value_size);
}

class Importer {
 public:
  // `name`: of the file, for people.
  Importer(Remote& remote, std::string name)
      : remote_(remote),
        name_(std::move(name)),
        largest_value_(largest_value(remote)),
        batch_(std::min<std::uint64_t>(batch_bytes, largest_value_)) {}

  void add(std::string_view piece) {
    lines_.add(piece);
    if (lines_.begun() <= longest_line(largest_value_)) return;
    give_up(Failure(exit_code::bad_data,
                    place(lines_.count() + 1) + "the line is longer than any record that this server takes (" +
                        std::to_string(longest_line(largest_value_)) + " bytes)",
                    "kvs import reads what kvs export wrote: a record a line"));
  }

  void finish() {
    lines_.finish();
    try {
      flush();
    } catch (const Failure& failure) {
      give_up(failure);
    }
  }

  std::uint64_t imported() const { return imported_; }
  std::uint64_t expired() const { return expired_; }

 private:
  std::string place(std::uint64_t line) const { return name_ + ":" + std::to_string(line) + ": "; }

  Failure in_this_line(const Failure& failure) const {
    return {failure.exit_code(), place(lines_.count()) + failure.what(), failure.hint()};
  }

  void take(std::string_view line) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (lines_.count() == 1 && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
    if (line.empty() || line == "\r") return;  // an empty line that ends as on Windows
    ImportRecord record = read(line);
    if (record.ttl && record.ttl->count() <= 0) {
      ++expired_;
      return;
    }
    try {
      if (!batch_.takes(record)) flush();
      if (!batch_.takes(record)) return put(record);
      batch_.add(record);
    } catch (const Failure& failure) {
      give_up(failure);
    }
  }

  ImportRecord read(std::string_view line) const {
    try {
      return parse_import(line, std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()));
    } catch (const Failure& failure) {
      give_up(in_this_line(failure));
    }
  }

  void flush() {
    if (batch_.size() == 0) return;
    std::size_t count = batch_.size();
    ClientAnswer answer = remote_.ask({.method = "POST",
                                       .target = "/v1/txn",
                                       .fields = {{"Content-Type", "application/json"}},
                                       .body = batch_.take_body()});
    if (answer.status != 200) throw failure_from(answer);
    imported_ += count;
  }

  // Too large to share a transaction.
  void put(const ImportRecord& record) {
    std::string target = key_target(record.key);
    if (record.ttl) add_parameter(target, "ttl", format_duration(*record.ttl));
    ClientRequest request{.method = "PUT", .target = target, .fields = {}, .body = record.value};
    if (!record.content_type.empty()) request.fields.emplace_back("Content-Type", record.content_type);
    ClientAnswer answer = remote_.ask(std::move(request));
    if (answer.status != 200 && answer.status != 201) throw in_this_line(failure_from(answer));
    ++imported_;
  }

  [[noreturn]] void give_up(const Failure& failure) const {
    if (imported_ == 0) throw failure;
    throw Failure(exit_code::partly_done,
                  std::string(failure.what()) + " (" + std::to_string(imported_) + " keys were imported before)",
                  failure.hint());
  }

  Remote& remote_;
  const std::string name_;
  const std::uint64_t largest_value_;
  ImportBatch batch_;
  Lines lines_{[this](std::string_view line) { take(line); }};
  std::uint64_t imported_ = 0, expired_ = 0;
};

}  // namespace

int import_keys(const Settings& settings) {
  if (settings.arguments().size() > 1) throw UsageError("kvs import takes one file", "kvs import [FILE]");
  std::string name = settings.arguments().empty() ? "" : settings.arguments().front();
  Remote remote(settings);
  Output output(settings);
  Importer importer(remote, name.empty() || name == "-" ? "stdin" : name);
  {
    Progress progress(settings, "importing", Progress::Unit::bytes);
    std::uint64_t done = 0;
    read_input_pieces(name, "kvs import FILE, or the records on stdin", [&](std::string_view piece, std::uint64_t all) {
      importer.add(piece);
      progress.at(done += piece.size(), all);
    });
    importer.finish();
  }
  if (output.json()) {
    output.write_json(boost::json::serialize(
        boost::json::object{{"imported", importer.imported()}, {"expired", importer.expired()}}));
  } else if (!output.quiet()) {
    output.write(std::to_string(importer.imported()) + "\n");
  }
  output.flush();
  if (importer.expired() > 0 && !output.quiet())
    report(Failure(exit_code::ok, std::to_string(importer.expired()) + " keys had expired and were left out"));
  return exit_code::ok;
}

}  // namespace kvs
