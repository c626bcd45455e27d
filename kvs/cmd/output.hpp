// Standard output of one command: where it goes, and what form that asks for.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "kvs/cmd/settings.hpp"

namespace kvs {

// Nobody reads our output any more: the command ends, quietly and well.
class OutputClosed : public std::runtime_error {
 public:
  OutputClosed() : std::runtime_error("nobody reads the output") {}
};

enum class Form {
  human,    // nothing was asked for, and it is a terminal
  machine,  // nothing was asked for, and it is a pipe or a file
  json,
  ndjson,
  table,
  raw,
};

class Output {
 public:
  // Tests say themselves whether it is a terminal.
  Output(const Settings& settings, int descriptor, bool terminal);
  // Standard output.
  explicit Output(const Settings& settings);

  Form form() const { return form_; }
  bool json() const { return form_ == Form::json || form_ == Form::ndjson; }
  bool own_json() const { return own_json_; }  // --json: the server's answer as it came
  bool terminal() const { return terminal_; }
  bool color() const { return color_; }
  bool quiet() const { return quiet_; }
  std::size_t width() const { return width_; }  // of a table; 0 = any (no terminal)

  // Collected until it is a lot, or flush(). Throws OutputClosed, or Failure if it cannot be written.
  void write(std::string_view bytes);
  void flush();

  // One JSON value, well-formed: indented on a terminal, one line otherwise.
  void write_json(std::string_view json);
  // The same of a record among others: always a line.
  void write_json_line(std::string_view json);
  // `text` in a terminal's colour, if colours are wanted: SGR parameters as "1" (bold), "32" (green).
  std::string painted(std::string_view text, std::string_view color) const;

 private:
  int descriptor_;
  bool terminal_;
  bool own_json_;
  bool quiet_;
  bool color_;
  Form form_;
  std::size_t width_;
  std::string pending_;
};

}  // namespace kvs
