// kvs config show: every setting, and where it comes from.
#include <boost/json.hpp>
#include <map>

#include "kvs/bus/kafka_config.hpp"
#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/serve.hpp"
#include "kvs/cmd/text.hpp"

namespace kvs {
namespace {

// Passwords are given to librdkafka as settings of its own.
std::string shown(const Option& option, const std::string& value) {
  std::size_t equals = value.find('=');
  bool secret = option.name == "kafka-config" && equals != std::string::npos &&
                is_kafka_secret(std::string_view(value).substr(0, equals));
  return secret ? value.substr(0, equals + 1) + "(hidden)" : value;
}

struct Line {
  const Option* option;
  std::string value;  // empty: none
  std::string from;
  bool fixed;  // may stand in a file that is taken elsewhere: no secret left out, nothing that depends on the machine
};

struct Derived {
  std::string value;
  std::string from = "default";
};

std::string data_directory_from(const Settings& settings, const std::string& directory) {
  for (const char* name : {"STATE_DIRECTORY", "XDG_STATE_HOME"}) {
    std::string base = settings.variable(name);
    if (!base.empty() && (base.starts_with(directory) || directory.starts_with(base))) return name;
  }
  return "default";
}

// What a server finds out for itself where nothing is given. Settings that it would refuse are shown nevertheless.
std::map<std::string_view, Derived> derived_from(const Settings& settings) {
  std::map<std::string_view, Derived> derived;
  try {
    ServeOptions options = serve_options(settings);
    std::string directory = options.data_dir.string();
    derived["data-dir"] = {directory, data_directory_from(settings, directory)};
    derived["instance"] = {options.instance};
    derived["threads"] = {std::to_string(options.threads)};
    if (options.fsync == FsyncMode::never) derived["fsync"] = {"never"};  // with Kafka
  } catch (const UsageError&) {
    return derived;
  }
  return derived;
}

std::vector<Line> lines_of(const Settings& settings) {
  auto derived = derived_from(settings);
  std::vector<Line> lines;
  for (const Option& option : all_options()) {
    if (option.reach != Reach::everywhere) continue;
    auto found = derived.find(option.name);
    if (!settings.given(option.name) && found != derived.end() && !found->second.value.empty()) {
      lines.push_back({&option, found->second.value, found->second.from, false});
      continue;
    }
    std::vector<std::string> values = settings.list(option.name);
    if (values.empty()) values.push_back(option.kind == Kind::toggle ? "false" : "");
    std::string from = settings.given(option.name) ? settings.place(option.name) : "default";
    bool elsewhere = settings.source(option.name) != Source::credential;
    for (const std::string& value : values) {
      std::string visible = shown(option, value);
      lines.push_back({&option, visible, from, elsewhere && !visible.empty() && visible == value});
    }
  }
  return lines;
}

void print_json(Output& output, const std::vector<Line>& lines) {
  boost::json::object object;
  for (const Line& line : lines) {
    boost::json::value value = line.value.empty() ? boost::json::value() : boost::json::value(line.value);
    boost::json::value& entry = object[std::string(line.option->name)];
    if (!entry.is_object())
      entry = boost::json::object{{"value", value}, {"from", line.from}};
    else if (!entry.as_object()["value"].is_array())
      entry.as_object()["value"] = boost::json::array{entry.as_object()["value"], value};
    else
      entry.as_object()["value"].as_array().push_back(value);
  }
  output.write_json(boost::json::serialize(object));
}

void print_table(Output& output, const std::vector<Line>& lines) {
  std::vector<std::vector<std::string>> rows{{"SETTING", "FROM", "VALUE"}};
  for (const Line& line : lines)
    rows.push_back({std::string(line.option->name), escaped(line.from, Escape::line),
                    line.value.empty() ? "(none)" : escaped(line.value, Escape::line)});
  output.write(table(rows, output.width()));
}

// Whether a config file gives exactly this again: there, " #" begins a comment, and nothing is escaped.
bool reads_back(const std::string& value) {
  return value.find(" #") == std::string::npos && escaped(value, Escape::line) == value;
}

// On a pipe it is a config file again; what is not to stand in one is there as a comment.
void print_file(Output& output, const std::vector<Line>& lines) {
  for (const Line& line : lines)
    output.write((line.fixed && reads_back(line.value) ? "" : "# ") + std::string(line.option->name) + " = " +
                 (line.value.empty() ? "(none)" : escaped(line.value, Escape::line)) + "  # " +
                 escaped(line.from, Escape::line) + "\n");
}

}  // namespace

int config_show(const Settings& settings) {
  if (!settings.arguments().empty()) throw UsageError("kvs config show takes no arguments");
  Output output(settings);
  std::vector<Line> lines = lines_of(settings);
  if (output.form() == Form::human || output.form() == Form::table)
    print_table(output, lines);
  else if (output.form() == Form::machine || output.form() == Form::raw)
    print_file(output, lines);
  else
    print_json(output, lines);
  output.flush();
  return exit_code::ok;
}

}  // namespace kvs
